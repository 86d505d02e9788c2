// Before/after slider: two pictures on top of each other, divided by a line that can be moved.

import { el, icon, setVariable } from "./dom.js";
import { t } from "./strings.js";

/** Slider; `element` is put into the page. Moved by mouse, finger and arrow keys. */
export class CompareSlider {
  constructor() {
    this.before = el("img.compare-before", { alt: t("compare.before"), draggable: false });
    this.after = el("img.compare-after", { alt: t("compare.after"), draggable: false });
    this.range = el("input.compare-range", {
      type: "range", min: 0, max: 100, step: 1, value: 50, "aria-label": t("compare.label"),
    });
    this.range.addEventListener("input", () => this.move(Number(this.range.value)));
    const handle = el("div.compare-handle", { "aria-hidden": "true" }, el("span.compare-knob", {}, icon("compare")));
    const labels = ["before", "after"].map((side) =>
      el(`span.compare-label.${side}`, { "aria-hidden": "true" }, t(`compare.${side}`)));
    this.element = el("div.compare", {}, this.before, this.after, this.range, handle, ...labels);
    this.move(50);
  }

  /**
   * Move the line.
   *
   * @param {number} percent of the width that the original takes
   */
  move(percent) {
    this.range.value = percent;
    setVariable(this.element, "cut", `${percent}%`);
  }

  /**
   * Show a pair of pictures.
   *
   * @param {string} before address
   * @param {string | null} after address; null while there is none
   * @param {number} width of the picture
   * @param {number} height
   */
  show(before, after, width, height) {
    setVariable(this.element, "ratio", width / height);
    if (this.before.getAttribute("src") !== before) this.before.src = before;
    this.setAfter(after);
  }

  /** @param {string | null} after */
  setAfter(after) {
    this.element.classList.toggle("single", after === null);
    this.range.disabled = after === null;
    this.after.hidden = after === null;
    if (after === null) this.after.removeAttribute("src");
    else if (this.after.getAttribute("src") !== after) this.after.src = after;
  }

  /**
   * Opacity of the painting over the original: what the strength does.
   *
   * @param {number} strength 0 to 1
   */
  setStrength(strength) {
    setVariable(this.element, "strength", strength);
  }
}
