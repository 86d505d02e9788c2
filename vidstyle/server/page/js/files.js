// Files: from drops, folders and file dialogs.

const KINDS = /^(image|video)\//;
const ENDINGS = /\.(avi|avif|bmp|flv|gif|heic|heif|jpe?g|m2ts|m4v|mkv|mov|mp4|mpe?g|mts|mxf|ogv|png|tiff?|ts|webm|webp|wmv|y4m)$/i;

/**
 * Photos and videos among files; a single file is taken as it is, so that the server can say why
 * it cannot be used.
 *
 * @param {File[]} files
 * @returns {File[]}
 */
export function mediaAmong(files) {
  if (files.length === 1) return files;
  const media = files.filter((file) => !file.name.startsWith(".") && (KINDS.test(file.type) || ENDINGS.test(file.name)));
  return media.sort((a, b) => pathOf(a).localeCompare(pathOf(b), undefined, { numeric: true }));
}

/**
 * Files of a drop, those in folders included.
 *
 * @param {DataTransfer} transfer
 * @returns {Promise<File[]>}
 */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (!entries.length) return [...transfer.files];
  return (await Promise.all(entries.map(filesOf))).flat();
}

/**
 * Have a drop on an element call a function; it gets the class "dropping" while files hover.
 *
 * @param {HTMLElement} target
 * @param {(files: File[]) => void} take
 */
export function onDrop(target, take) {
  let depth = 0; // children send their own enter and leave
  const hover = (/** @type {number} */ change) => {
    depth = Math.max(0, depth + change);
    target.classList.toggle("dropping", depth > 0);
  };
  target.addEventListener("dragenter", (event) => hasFiles(event) && hover(1));
  target.addEventListener("dragleave", (event) => hasFiles(event) && hover(-1));
  target.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  target.addEventListener("drop", async (event) => {
    hover(-depth);
    if (!hasFiles(event) || event.defaultPrevented || !event.dataTransfer) return;
    event.preventDefault();
    take(await droppedFiles(event.dataTransfer));
  });
}

/**
 * Have a button open a file dialog.
 *
 * @param {HTMLElement} button
 * @param {HTMLInputElement} input of type file
 * @param {(files: File[]) => void} take
 */
export function onChoose(button, input, take) {
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = ""; // so that the same file can be chosen again
    if (files.length) take(files);
  });
}

/** @param {DragEvent} event */
function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<File[]>}
 */
async function filesOf(entry) {
  if (entry.isFile) {
    return [await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject))];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const found = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // 100 at most
    if (!part.length) break;
    found.push(...part);
  }
  return (await Promise.all(found.map(filesOf))).flat();
}

/** @param {File} file */
function pathOf(file) {
  return file.webkitRelativePath || file.name;
}
