// Settings of a painting: the form, and the options of a job that it stands for.

import { byId, el } from "./dom.js";
import { percentText, secondsOf, sizeText } from "./format.js";
import { originOf } from "./gallery.js";
import { t } from "./strings.js";

/** @import { StyleShelf } from "./gallery.js" */
/** @import { Media, Options } from "./types.js" */

const STROKES = { fine: 720, medium: 480, large: 300 }; // working size in lines: fewer paint larger strokes
const SIZES = [2160, 1440, 1080, 720, 540, 360]; // shorter side of the result
const DEFAULTS = { strokes: "medium", quality: "fast", only: "all" };

/** Form of the settings; sends "change" when one changes, "strength" while its slider moves. */
export class Settings extends EventTarget {
  /**
   * @param {StyleShelf} shelf
   * @param {{photo: string[], video: string[]}} formats
   */
  constructor(shelf, formats) {
    super();
    this.shelf = shelf;
    this.formats = formats;
    this.form = byId("settings-form");
    /** @type {Media | null} */
    this.media = null;
    this.form.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
    this.form.addEventListener("change", () => this.changed());
    this.field("strength").addEventListener("input", () => {
      this.showStrength();
      this.dispatchEvent(new Event("strength"));
    });
    shelf.addEventListener("choice", () => this.showStyle());
    this.showStrength();
    this.setMedia(null, 0);
  }

  /** @param {string} name */
  field(name) {
    return this.form.elements.namedItem(name);
  }

  get strength() {
    return Number(this.field("strength").value) / 100;
  }

  /**
   * Options that the preview is painted with; the page shows the strength by itself.
   *
   * @returns {Options}
   */
  previewOptions() {
    const strokes = /** @type {keyof typeof STROKES} */ (this.field("strokes").value);
    const only = this.field("only").value;
    return withoutNull({
      style: this.shelf.chosen,
      keep_colors: this.field("keep_colors").checked || null,
      only: only === DEFAULTS.only ? null : only,
      max_height: strokes === DEFAULTS.strokes ? null : STROKES[strokes],
    });
  }

  /**
   * Options of a job; those that are left out have their defaults.
   *
   * @param {"photo" | "video"} kind
   * @returns {Options}
   * @throws {Error} a time is none
   */
  options(kind) {
    const full = this.field("quality").value === "full";
    const video = kind === "video";
    return withoutNull({
      ...this.previewOptions(),
      strength: this.strength < 1 ? this.strength : null,
      quality: full ? "full" : null,
      time_budget: (full && this.field("time_budget").value) || null,
      size: this.field("size").value || null,
      compare: this.field("compare").checked || null,
      start: video ? this.time("start") || null : null,
      end: video ? this.time("end") : null,
      audio: video && this.field("audio").value === "none" ? "none" : null,
    });
  }

  /**
   * File type of the result; undefined for that of the original.
   *
   * @param {"photo" | "video"} kind
   */
  format(kind) {
    const format = this.field("format").value;
    return this.formats[kind].includes(format) ? format : undefined;
  }

  /**
   * Show the settings of a job.
   *
   * @param {Options} options
   */
  use(options) {
    this.form.reset();
    if (this.shelf.find(String(options.style))) this.shelf.choose(String(options.style));
    this.field("strength").value = Number(options.strength ?? 1) * 100;
    this.field("keep_colors").checked = Boolean(options.keep_colors);
    const strokes = Object.entries(STROKES).find(([, lines]) => lines === options.max_height);
    this.field("strokes").value = strokes?.[0] ?? DEFAULTS.strokes;
    for (const name of /** @type {const} */ (["quality", "only"])) this.field(name).value = options[name] ?? DEFAULTS[name];
    for (const name of ["time_budget", "size", "start", "end", "audio"]) {
      if (options[name] !== undefined) this.field(name).value = options[name];
    }
    this.field("compare").checked = Boolean(options.compare);
    this.showStrength();
    this.changed();
  }

  /**
   * Show the settings that fit a file.
   *
   * @param {Media | null} media
   * @param {number} count of files
   */
  setMedia(media, count) {
    this.media = media;
    const kind = media?.kind ?? "video";
    for (const node of this.form.querySelectorAll("[data-video]")) node.hidden = kind !== "video";
    fill(this.field("format"), [["", t("format.auto")], ...this.formats[kind].map((name) => [name, name.toUpperCase()])]);
    fill(this.field("size"), sizeChoices(count === 1 ? media : null));
  }

  changed() {
    byId("full-settings").hidden = this.field("quality").value !== "full";
    this.dispatchEvent(new Event("change"));
  }

  showStrength() {
    byId("strength-value").textContent = percentText(this.strength);
  }

  showStyle() {
    const style = this.shelf.find(this.shelf.chosen);
    if (!style) return;
    byId("chosen-title").textContent = style.title;
    byId("chosen-origin").textContent = originOf(style);
    byId("chosen-painting").src = style.painting;
    const variants = this.shelf.variants(style.id);
    byId("variants").hidden = variants.length < 2;
    byId("variant-choices").replaceChildren(...variants.map((variant) => {
      const choose = () => this.shelf.choose(variant.id);
      const input = el("input", { type: "radio", name: "variant", value: variant.id, checked: variant === style, onchange: choose });
      return el("label", {}, input, el("span", {}, t(`variant.${variant.size_class}`)));
    }));
    const checked = byId("variant-choices").querySelector("input:checked");
    if (this.variantFocused) checked?.focus();
    this.changed();
  }

  /** Whether the keyboard is on the versions, which are drawn anew when one is chosen. */
  get variantFocused() {
    return /** @type {any} */ (document.activeElement)?.name === "variant";
  }

  /** @param {"start" | "end"} name */
  time(name) {
    const value = this.field(name).value.trim();
    const seconds = value ? secondsOf(value) : null;
    if (value && seconds === null) throw new Error(t("settings.time.wrong", { name: t(`settings.${name}`), value }));
    return seconds;
  }
}

/**
 * @param {Record<string, any>} values
 * @returns {Options}
 */
function withoutNull(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined));
}

/**
 * Replace the choices of a list, and keep the chosen one if it is still there.
 *
 * @param {HTMLSelectElement} list
 * @param {string[][]} choices value and text of each
 */
function fill(list, choices) {
  const { value } = list;
  list.replaceChildren(...choices.map(([name, text]) => el("option", { value: name }, text)));
  list.value = choices.some(([name]) => name === value) ? value : choices[0][0];
}

/**
 * Sizes below that of a file.
 *
 * @param {Media | null} media
 * @returns {string[][]}
 */
function sizeChoices(media) {
  if (!media) return [["", t("size.same")], ...SIZES.filter((side) => side <= 1080).map((side) => [`${side}p`, `${side}p`])];
  const shorter = Math.min(media.width, media.height);
  const scaled = (/** @type {number} */ side) => Math.round((side * media.width) / shorter / 2) * 2;
  const scaledHeight = (/** @type {number} */ side) => Math.round((side * media.height) / shorter / 2) * 2;
  return [
    ["", t("size.same.known", { size: sizeText(media.width, media.height) })],
    ...SIZES.filter((side) => side < shorter).map((side) => [`${side}p`, sizeText(scaled(side), scaledHeight(side))]),
  ];
}
