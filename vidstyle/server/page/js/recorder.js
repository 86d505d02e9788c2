// Recorder: a canvas, and the microphone if wanted, into a video file.

const FPS = 30;
const BITS_PER_S = 6_000_000;
const TYPES = ["video/mp4;codecs=avc1.42E01F,mp4a.40.2", "video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/webm"];

/** Recording in progress. */
export class Recorder {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {MediaStreamTrack | null} sound
   */
  constructor(canvas, sound) {
    this.stream = canvas.captureStream(FPS);
    if (sound) this.stream.addTrack(sound);
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(this.stream, { mimeType, videoBitsPerSecond: BITS_PER_S });
    /** @type {Blob[]} */
    this.parts = [];
    this.started = performance.now();
    this.recorder.addEventListener("dataavailable", ({ data }) => this.parts.push(data));
    this.recorder.start(1000);
  }

  get seconds() {
    return (performance.now() - this.started) / 1000;
  }

  /** Ending of the file's name. */
  get ending() {
    return this.recorder.mimeType.startsWith("video/mp4") ? "mp4" : "webm";
  }

  /** @returns {Promise<Blob>} the whole recording */
  stop() {
    return new Promise((resolve) => {
      this.recorder.addEventListener("stop", () => {
        for (const track of this.stream.getTracks()) track.stop();
        resolve(new Blob(this.parts, { type: this.recorder.mimeType }));
      }, { once: true });
      this.recorder.stop();
    });
  }
}
