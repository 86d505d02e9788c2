// H.264 codec of the live socket, by WebCodecs: a seventh of JPEG's data.

const CODEC = "avc1.42E028"; // Constrained Baseline, up to 1920x1080
const FPS = 30;
const BITS_PER_PIXEL = 0.15; // of the camera's pictures
const START_CODE_BYTES = 4;
const SEQUENCE_PARAMETERS = 7; // type of the NAL unit that begins a keyframe
const MOST_FAILURES = 5; // in a row, until JPEG takes over
const PATIENCE_MS = 1000; // for a picture that the encoder may have dropped

/** @import { CodecEvents } from "./types.js" */

/**
 * Whether the browser encodes and decodes H.264 of a size.
 *
 * @param {number} width
 * @param {number} height
 * @returns {Promise<boolean>}
 */
export async function hasH264(width, height) {
  if (!("VideoEncoder" in window && "VideoDecoder" in window)) return false;
  try {
    const found = await Promise.all([
      VideoEncoder.isConfigSupported(encoderSettings(width, height)), VideoDecoder.isConfigSupported(DECODER_SETTINGS),
    ]);
    return found.every(({ supported }) => supported);
  } catch {
    return false;
  }
}

/** Encoder of camera pictures and decoder of paintings; keyframes come on request only. */
export class H264Codec {
  name = "h264";
  failures = 0;
  keyframeDue = true;
  inSync = false; // whether all paintings since a keyframe are decoded

  /** @param {CodecEvents} events */
  constructor(events) {
    this.events = events;
    /** @type {number[]} times of the pictures in the encoder, in microseconds */
    this.pending = [];
    this.encoder = new VideoEncoder({ output: (chunk) => this.send(chunk), error: () => events.failed() });
    this.decoder = this.newDecoder();
  }

  /** Pictures in the encoder. */
  get queued() {
    const now = performance.now();
    this.pending = this.pending.filter((time) => now - time / 1000 < PATIENCE_MS);
    return this.pending.length;
  }

  /** @param {HTMLCanvasElement | OffscreenCanvas} picture all of one size */
  encode(picture) {
    if (this.encoder.state === "unconfigured") this.encoder.configure(encoderSettings(picture.width, picture.height));
    if (this.encoder.state !== "configured") return;
    const timestamp = Math.round(performance.now() * 1000);
    const frame = new VideoFrame(picture, { timestamp });
    this.pending.push(timestamp);
    this.encoder.encode(frame, { keyFrame: this.keyframeDue });
    this.keyframeDue = false;
    frame.close();
  }

  /** @param {EncodedVideoChunk} chunk */
  send(chunk) {
    this.pending = this.pending.filter((time) => time > chunk.timestamp);
    const content = new Uint8Array(chunk.byteLength);
    chunk.copyTo(content);
    this.events.encoded(content);
  }

  /**
   * @param {number} number of the frame
   * @param {ArrayBuffer} content
   */
  decode(number, content) {
    const isKey = (new Uint8Array(content)[START_CODE_BYTES] & 31) === SEQUENCE_PARAMETERS;
    if (this.decoder.state !== "configured" || !(isKey || this.inSync)) return;
    this.inSync = true;
    try {
      this.decoder.decode(new EncodedVideoChunk({ type: isKey ? "key" : "delta", timestamp: number, data: content }));
    } catch {
      this.decodeAnew();
    }
  }

  /** Let the next picture that is sent be a keyframe, since the server could not decode one. */
  requestKeyframe() {
    this.keyframeDue = true;
    this.countFailure();
  }

  close() {
    for (const side of [this.encoder, this.decoder]) end(side);
  }

  newDecoder() {
    const decoder = new VideoDecoder({ output: (frame) => this.show(frame), error: () => this.decodeAnew() });
    decoder.configure(DECODER_SETTINGS);
    return decoder;
  }

  /** @param {VideoFrame} painting */
  show(painting) {
    this.failures = 0;
    this.events.decoded(painting.timestamp, painting);
  }

  /** Go on from a keyframe after a painting that cannot be decoded. */
  decodeAnew() {
    this.inSync = false;
    end(this.decoder);
    if (!this.countFailure()) return;
    this.decoder = this.newDecoder();
    this.events.keyframeNeeded();
  }

  /** @returns {boolean} whether the codec goes on */
  countFailure() {
    this.failures += 1;
    if (this.failures >= MOST_FAILURES) this.events.failed();
    return this.failures < MOST_FAILURES;
  }
}

/** @type {VideoDecoderConfig} */
const DECODER_SETTINGS = {
  codec: CODEC, optimizeForLatency: true,
  colorSpace: { primaries: "bt709", transfer: "bt709", matrix: "bt709", fullRange: false },
};

/**
 * @param {number} width
 * @param {number} height
 * @returns {VideoEncoderConfig}
 */
function encoderSettings(width, height) {
  const bitrate = Math.round(width * height * FPS * BITS_PER_PIXEL);
  return { codec: CODEC, width, height, bitrate, framerate: FPS, latencyMode: "realtime", avc: { format: "annexb" } };
}

/** @param {VideoEncoder | VideoDecoder} side */
function end(side) {
  if (side.state !== "closed") side.close();
}
