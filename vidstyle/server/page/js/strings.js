// Strings of the page: the one table of everything that is shown or read aloud.

/** @type {Record<string, string>} */
const TABLE = {
  "app.name": "vidstyle",
  "app.skip": "Skip to the content",
  "nav.label": "Sections",
  "nav.create": "Create",
  "nav.queue": "Paintings",
  "nav.live": "Live",
  "nav.active": "{count} in work",
  "theme.auto": "Colors: as the system. Change to light",
  "theme.light": "Colors: light. Change to dark",
  "theme.dark": "Colors: dark. Change to those of the system",
  "connection.lost": "The server cannot be reached. The page goes on by itself when it is back.",
  "connection.back": "The server is back.",

  "create.title": "Turn photos and videos into paintings",
  "create.lead": "Painted by the computer that runs vidstyle. Nothing is sent anywhere else.",
  "create.drop": "Drop a photo, a video or a folder here",
  "create.drop.now": "Drop to open",
  "create.drop.painting": "Drop a painting here to make it a style",
  "create.choose": "Choose files",
  "create.folder": "Choose a folder",
  "create.camera": "or use the camera",
  "create.more": "Add files",
  "create.stage": "Preview",
  "create.files": "Chosen files",
  "create.remove": "Remove {name}",
  "create.show": "Show {name}",
  "create.moment": "Moment of the video",
  "create.nothing": "No photos or videos were found there.",
  "create.queued": "{name} is in the queue.",
  "create.queued.many": "{count} files are in the queue.",
  "create.exists": "{name} was painted like this before: here it is.",

  "compare.before": "Before",
  "compare.after": "After",
  "compare.label": "Before and after: share of the painting, in percent",

  "upload.progress": "Uploading {percent}",
  "upload.left": "{done} of {total}, {left} left",
  "upload.waiting": "Waiting to upload",
  "upload.checking": "Looking at the file …",
  "upload.lost": "The connection is lost. The upload goes on by itself when it is back.",
  "upload.again": "Choose {name} again: the upload goes on where it stopped.",
  "upload.done": "{name} is uploaded.",
  "upload.failed": "{name}: {detail}",

  "styles.title": "Styles",
  "styles.hint": "Painted on your own picture as soon as there is one",
  "styles.hint.own": "Painted on {name}",
  "styles.label": "Style",
  "styles.add": "Add a painting",
  "styles.add.hint": "Choose or drop the picture of a painting",
  "styles.adding": "Making a style of {name} …",
  "styles.added": "{name} is a style now.",
  "styles.known": "{name} is there already.",
  "styles.delete": "Delete the style {name}",
  "styles.delete.ask": "Delete the style {name}? Paintings that are done stay.",
  "styles.deleted": "The style {name} is deleted.",
  "styles.own": "Your painting",
  "styles.after": "{artist}, {year}",

  "settings.title": "Settings",
  "settings.variant": "Version",
  "variant.17k": "Light",
  "variant.55k": "Standard",
  "variant.220k": "Bold",
  "settings.strength": "Strength",
  "settings.strength.low": "Photo",
  "settings.strength.high": "Painting",
  "settings.colors": "Keep the original colors",
  "settings.colors.hint": "The strokes and light of the style, the colors of your picture",
  "settings.only": "Paint",
  "only.all": "Everything",
  "only.person": "The person",
  "only.background": "The background",
  "settings.strokes": "Strokes",
  "strokes.fine": "Fine",
  "strokes.medium": "Medium",
  "strokes.large": "Large",
  "settings.quality": "Quality",
  "quality.fast": "Fast",
  "quality.full": "Finest",
  "quality.full.hint": "Optimizes every pixel: a minute for a photo, hours for a film. The preview stays a fast one.",
  "settings.budget": "Take at most",
  "budget.none": "as long as needed",
  "budget.10m": "10 minutes",
  "budget.1h": "1 hour",
  "budget.4h": "4 hours",
  "settings.size": "Size",
  "size.same": "As the original",
  "size.same.known": "Original, {size}",
  "settings.more": "More settings",
  "settings.format": "File type",
  "format.auto": "As the original",
  "settings.start": "From",
  "settings.end": "To",
  "settings.time.hint": "Times such as 12.5 or 1:02",
  "settings.time.wrong": "{name} must be a time, such as 12.5 or 1:02, not “{value}”.",
  "settings.sound": "Sound",
  "sound.copy": "Keep",
  "sound.none": "Leave out",
  "settings.side": "Original beside the painting",
  "paint.photo": "Paint the photo",
  "paint.video": "Paint the video",
  "paint.many": "Paint {count} files",
  "paint.none": "Paint",
  "paint.uploading": "Starts when the upload is done",

  "queue.title": "Paintings",
  "queue.empty": "Nothing painted yet",
  "queue.empty.hint": "Your paintings and their progress appear here. They stay when you close the page.",
  "queue.start": "Create one",
  "job.queued.next": "Next in the queue",
  "job.queued": "{count} before it",
  "job.starting": "Starting …",
  "job.running": "{percent}",
  "job.fps": "{fps} pictures a second",
  "job.left": "{left} left",
  "job.frames": "{frames} pictures painted",
  "job.cancelled": "Cancelled",
  "job.failed": "Failed",
  "job.progress": "Progress of {name}",
  "job.cancel": "Cancel",
  "job.cancel.name": "Cancel {name}",
  "job.retry": "Try again",
  "job.retry.name": "Try {name} again",
  "job.cure": "Try with {settings}",
  "job.open": "Open {name}",
  "job.delete": "Delete",
  "job.delete.name": "Delete {name}",
  "job.delete.ask": "Delete {name}? This cannot be undone.",
  "job.download": "Download",
  "job.download.name": "Download {name}",
  "job.done.say": "{name} is painted.",
  "job.failed.say": "{name} failed: {detail}",
  "job.quarter.say": "{name}: {percent}",
  "job.strength": "strength {percent}",
  "job.colors": "original colors",
  "job.person": "only the person",
  "job.background": "only the background",
  "job.full": "finest quality",

  "result.back": "All paintings",
  "result.view": "View",
  "result.play": "Play",
  "result.compare": "Before and after",
  "result.again": "Use these settings again",
  "result.command": "The same on the command line",
  "result.copy": "Copy",
  "result.copied": "Copied.",
  "result.style": "Style",
  "result.size": "Size",
  "result.file": "File",
  "result.took": "Painted in",
  "result.cached": "at once: it was there already",
  "result.gone": "This painting is not there any more.",
  "result.original.gone": "The original was deleted from the server, so there is nothing to compare with.",
  "result.waiting": "This painting is not ready yet.",

  "live.title": "Live",
  "live.lead": "Your camera as a painting, while you move.",
  "live.start": "Start the camera",
  "live.stop": "Stop",
  "live.picture": "The camera’s picture, painted",
  "live.camera": "Camera",
  "live.camera.default": "Standard camera",
  "live.size": "Size",
  "live.mirror": "Mirror",
  "live.original": "Show the original",
  "live.snapshot": "Snapshot",
  "live.record": "Record",
  "live.record.stop": "Stop recording",
  "live.sound": "Record sound",
  "live.full": "Full screen",
  "live.fps": "{fps} fps",
  "live.ms": "{ms} ms",
  "live.viewers": "{count} watching",
  "live.viewers.one": "1 watching",
  "live.seconds": "Recording, {time}",
  "live.saved": "{name} is saved in your downloads.",
  "live.started": "The camera is on.",
  "live.stopped": "The camera is off.",
  "live.insecure": "Browsers give the camera to pages from localhost and https only. Open this page in one of these ways.",
  "live.denied": "The browser does not allow the camera. Allow it beside the address, and start again.",
  "live.missing": "No camera was found. Plug one in, and start again.",
  "live.busy": "Another program has the camera. Close it, and start again.",
  "live.camera.lost": "The camera was unplugged or taken by another program. Start again.",
  "live.lost": "The connection to the server is lost. Start again.",
  "live.no.microphone": "The microphone is not available, so the recording has no sound.",
  "live.hint": "Camera pictures go to the computer that runs vidstyle, and are not kept.",

  "token.title": "This server asks for its token",
  "token.hint": "It is the word that the server was started with: vidstyle serve --token WORD",
  "token.field": "Token",
  "token.enter": "Go on",

  "dialog.cancel": "Keep",
  "dialog.delete": "Delete",
  "notice.close": "Close this message",
  "notices.label": "Messages",
  "error.network": "The server cannot be reached. See whether it still runs.",
  "error.unknown": "The server answered {status}.",
  "footer.api": "API",
  "footer.device": "Paint on this device alone",
  "footer.version": "vidstyle {version}, {cores} cores",
  "footer.version.one": "vidstyle {version}, 1 core",

  "offline.title": "The server is not running",
  "offline.hint": "Start it in a terminal; this page goes on by itself:",
  "offline.retry": "Try again",

  "time.seconds": "{seconds} s",
  "time.minutes": "{minutes} min {seconds} s",
  "time.hours": "{hours} h {minutes} min",
};

/**
 * Add texts to the table, or replace some, for a page of its own.
 *
 * @param {Record<string, string>} texts
 */
export function addTexts(texts) {
  Object.assign(TABLE, texts);
}

/**
 * Text of a key, with values in place of their names in braces.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const text = TABLE[key];
  if (text === undefined) throw new Error(`There is no text "${key}".`);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/**
 * Fill the elements that name a text: `data-t` for the content, `data-t-label` for `aria-label`,
 * `data-t-placeholder` for `placeholder`.
 *
 * @param {ParentNode} root
 */
export function fillTexts(root) {
  for (const node of root.querySelectorAll("[data-t]")) {
    node.textContent = t(/** @type {HTMLElement} */ (node).dataset.t ?? "");
  }
  for (const [name, attribute] of [["data-t-label", "aria-label"], ["data-t-placeholder", "placeholder"]]) {
    for (const node of root.querySelectorAll(`[${name}]`)) {
      node.setAttribute(attribute, t(node.getAttribute(name) ?? ""));
    }
  }
}
