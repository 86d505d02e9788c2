// Picture size of a .tflite network: rewrites the shapes in the file, so that one file serves all sizes.
//
// Offsets and field numbers are those of FlatBuffers and TensorFlow Lite's schema.fbs.

const RESIZE_BILINEAR = 23; // operator whose second input is a constant: height and width
const MODEL = { operatorCodes: 1, subgraphs: 2, buffers: 4 };
const OPERATOR_CODE = { deprecatedCode: 0, code: 3 };
const SUBGRAPH = { tensors: 0, inputs: 1, operators: 3 };
const TENSOR = { shape: 0, buffer: 2 };
const OPERATOR = { opcode: 0, inputs: 1 };
const BUFFER = { data: 0 };

/**
 * Give a network another picture size.
 *
 * @param {ArrayBuffer} file a network from and to 1 x height x width x 3; all sides in it are the
 *   picture's divided by 1, 2 or 4
 * @param {number} width multiple of 4
 * @param {number} height likewise
 * @returns {Uint8Array} a file of its own
 */
export function withSize(file, width, height) {
  const bytes = new Uint8Array(file.slice(0));
  const data = new DataView(bytes.buffer);
  const model = tableAt(data, 0);
  const graph = tablesIn(data, field(data, model, MODEL.subgraphs))[0];
  const tensors = tablesIn(data, field(data, graph, SUBGRAPH.tensors));
  const buffers = tablesIn(data, field(data, model, MODEL.buffers));
  const shapes = tensors.map((tensor) => vector(data, field(data, tensor, TENSOR.shape)));
  const contents = tensors.map((tensor) => {
    const place = field(data, tensor, TENSOR.buffer);
    return vector(data, field(data, buffers[place ? data.getUint32(place, true) : 0], BUFFER.data));
  });
  const [input] = numbers(data, vector(data, field(data, graph, SUBGRAPH.inputs)));
  const [, ownHeight, ownWidth] = numbers(data, shapes[input]);
  const places = new Set(); // of heights, each followed by its width; files may share vectors
  shapes.forEach((shape, i) => shape.length === 4 && contents[i].length === 0 && places.add(shape.start + 4));
  for (const size of resizeSizes(data, model, graph)) places.add(contents[size].start);
  for (const place of places) {
    scale(data, place, height / ownHeight);
    scale(data, place + 4, width / ownWidth);
  }
  return bytes;
}

/**
 * Tensors with the sizes of the resizing operators.
 *
 * @param {DataView} data
 * @param {number} model
 * @param {number} graph
 */
function resizeSizes(data, model, graph) {
  const codes = tablesIn(data, field(data, model, MODEL.operatorCodes)).map((code) => {
    const [old, fresh] = [field(data, code, OPERATOR_CODE.deprecatedCode), field(data, code, OPERATOR_CODE.code)];
    return Math.max(old ? data.getInt8(old) : 0, fresh ? data.getInt32(fresh, true) : 0);
  });
  return tablesIn(data, field(data, graph, SUBGRAPH.operators)).flatMap((operator) => {
    const opcode = field(data, operator, OPERATOR.opcode);
    if (codes[opcode ? data.getUint32(opcode, true) : 0] !== RESIZE_BILINEAR) return [];
    return [numbers(data, vector(data, field(data, operator, OPERATOR.inputs)))[1]];
  });
}

/**
 * @param {DataView} data
 * @param {number} place of a side
 * @param {number} factor
 */
function scale(data, place, factor) {
  data.setInt32(place, Math.round(data.getInt32(place, true) * factor), true);
}

/**
 * Place of a table that an offset leads to.
 *
 * @param {DataView} data
 * @param {number} place of the offset
 */
function tableAt(data, place) {
  return place + data.getUint32(place, true);
}

/**
 * Place of a table's field; 0 where it is left out.
 *
 * @param {DataView} data
 * @param {number} table
 * @param {number} index of the field
 */
function field(data, table, index) {
  const list = table - data.getInt32(table, true);
  const entry = 4 + 2 * index;
  const offset = entry < data.getUint16(list, true) ? data.getUint16(list + entry, true) : 0;
  return offset && table + offset;
}

/**
 * Start and length of a vector that a field leads to; empty without one.
 *
 * @param {DataView} data
 * @param {number} place of the field
 */
function vector(data, place) {
  if (!place) return { start: 0, length: 0 };
  const start = tableAt(data, place);
  return { start: start + 4, length: data.getUint32(start, true) };
}

/**
 * @param {DataView} data
 * @param {number} place of a field that is a vector of tables
 */
function tablesIn(data, place) {
  const { start, length } = vector(data, place);
  return Array.from({ length }, (_, i) => tableAt(data, start + 4 * i));
}

/**
 * @param {DataView} data
 * @param {{start: number, length: number}} list vector of int32
 */
function numbers(data, { start, length }) {
  return Array.from({ length }, (_, i) => data.getInt32(start + 4 * i, true));
}
