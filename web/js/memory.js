// Memory of the pixel kernels (kernels.c): allocation in scopes, one for each picture.

const file = await fetch(new URL("../kernels/kernels.wasm", import.meta.url));
const { instance } = await WebAssembly.instantiate(await file.arrayBuffer());

/** @type {any} functions of kernels.c; their pointers are places in the memory */
export const kernels = instance.exports;

const PAGE = 65_536; // bytes
const ALIGNMENT = 16; // bytes

let free = kernels.__heap_base.value; // from here on

/**
 * Keep a piece of memory until the present scope ends.
 *
 * @param {number} bytes
 * @returns {number} its place
 */
export function reserve(bytes) {
  const start = Math.ceil(free / ALIGNMENT) * ALIGNMENT;
  free = start + bytes;
  const missing = free - kernels.memory.buffer.byteLength;
  if (missing > 0) kernels.memory.grow(Math.ceil(missing / PAGE)); // views of the memory end with it
  return start;
}

/**
 * Copy numbers into the memory.
 *
 * @param {Uint8Array | Uint8ClampedArray | Int32Array | Float32Array} values
 * @returns {number} their place
 */
export function placed(values) {
  const start = reserve(values.byteLength);
  new Uint8Array(kernels.memory.buffer, start, values.byteLength)
    .set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return start;
}

/**
 * Do some work, and give its memory back; scopes end in the reverse order of their start.
 *
 * @template T
 * @param {() => Promise<T>} work its result must not lie in the memory
 * @returns {Promise<T>}
 */
export async function inScope(work) {
  const start = free;
  try {
    return await work();
  } finally {
    free = start;
  }
}

/**
 * The same for work that does not wait; its result may lie in what was reserved before.
 *
 * @param {() => void} work
 */
export function withScratch(work) {
  const start = free;
  work();
  free = start;
}
