// Types of the API's documents, for editors; see docs/server.md.

/**
 * @typedef {object} Style
 * @property {string} id
 * @property {string} title
 * @property {string | null} artist
 * @property {string | null} year
 * @property {string} size_class
 * @property {boolean} own
 * @property {boolean} default
 * @property {string} thumbnail
 * @property {string} painting
 *
 * @typedef {object} Media
 * @property {"photo" | "video"} kind
 * @property {number} width
 * @property {number} height
 * @property {number} [seconds]
 * @property {number} [frames]
 * @property {number} [fps]
 * @property {boolean} [audio]
 *
 * @typedef {object} UploadDocument
 * @property {string} id
 * @property {string} name
 * @property {number} bytes
 * @property {number} received
 * @property {"receiving" | "complete"} state
 * @property {Media | null} [media]
 *
 * @typedef {Record<string, string | number | boolean | null>} Options
 *
 * @typedef {object} ProblemDocument
 * @property {number} status
 * @property {string} detail
 * @property {string[]} [settings]
 * @property {Options[]} [cures]
 *
 * @typedef {object} Progress
 * @property {number} frames
 * @property {number | null} total
 * @property {number | null} share
 * @property {number} fps
 * @property {number} seconds
 * @property {number | null} left_s
 *
 * @typedef {object} JobResult
 * @property {string} name
 * @property {string} type
 * @property {number} bytes
 * @property {number} width
 * @property {number} height
 * @property {number} frames
 * @property {number} seconds
 * @property {boolean} cached
 * @property {string[]} warnings
 * @property {string[]} damage
 * @property {string} url
 *
 * @typedef {object} Job
 * @property {string} id
 * @property {number} revision
 * @property {"queued" | "running" | "done" | "failed" | "cancelled"} state
 * @property {{upload: string | null, job: string | null, name: string, kind: "photo" | "video"}} input
 * @property {Options} options
 * @property {string} format
 * @property {string} command
 * @property {number} created
 * @property {number | null} position
 * @property {string | null} note
 * @property {Progress | null} progress
 * @property {ProblemDocument | null} error
 * @property {JobResult | null} result
 *
 * @typedef {object} CodecEvents calls of a live codec
 * @property {(content: Blob | Uint8Array<ArrayBuffer>) => void} encoded
 * @property {(number: number, painting: ImageBitmap | VideoFrame) => void} decoded
 * @property {() => void} keyframeNeeded to go on
 * @property {() => void} failed for good
 */

export {};
