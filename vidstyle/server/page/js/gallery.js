// Style gallery: a choice of pictures, painted on the user's own still; knows no server.

import { el, icon, iconButton } from "./dom.js";
import { notifyError } from "./notices.js";
import { t } from "./strings.js";

/** @import { Style } from "./types.js" */

const VARIANT = /-(17k|220k)$/;

/**
 * All styles and the chosen one; shared by the galleries of the page.
 *
 * Sends "styles" when the list changes, "choice" when another one is chosen.
 */
export class StyleShelf extends EventTarget {
  /** @type {Style[]} */
  styles = [];
  chosen = localStorage.getItem("style") ?? "";

  /** @param {Style[]} styles */
  show(styles) {
    this.styles = styles;
    if (!this.find(this.chosen)) this.chosen = (this.styles.find((s) => s.default) ?? this.styles[0])?.id ?? "";
    this.dispatchEvent(new Event("styles"));
    this.dispatchEvent(new Event("choice"));
  }

  /** @param {string} id */
  find(id) {
    return this.styles.find((style) => style.id === id);
  }

  /** @param {string} id */
  choose(id) {
    if (id === this.chosen) return;
    this.chosen = id;
    localStorage.setItem("style", id);
    this.dispatchEvent(new Event("choice"));
  }

  /** The style of each painting that stands for its versions. */
  get families() {
    return this.styles.filter((style) => !VARIANT.test(style.id));
  }

  /**
   * Versions of a style, from light to bold.
   *
   * @param {string} id
   */
  variants(id) {
    const order = ["17k", "55k", "220k"];
    return this.styles
      .filter((style) => familyOf(style.id) === familyOf(id))
      .sort((a, b) => order.indexOf(a.size_class) - order.indexOf(b.size_class));
  }

  /**
   * Delete a style, where styles can be added.
   *
   * @param {Style} style
   */
  async remove(style) {
    throw new Error(`${style.title} cannot be deleted.`);
  }
}

/**
 * Id of the style that stands for all versions of a painting.
 *
 * @param {string} id
 */
export function familyOf(id) {
  return id.replace(VARIANT, "");
}

/**
 * Artist and year, or that it is one's own.
 *
 * @param {Style} style
 */
export function originOf(style) {
  return style.artist ? t("styles.after", { artist: style.artist, year: style.year ?? "" }) : t("styles.own");
}

/** Radio buttons with pictures in a container; follows the shelf. */
export class Gallery {
  /**
   * @param {StyleShelf} shelf
   * @param {HTMLElement} container
   * @param {string} group name of the radio buttons
   */
  constructor(shelf, container, group) {
    this.shelf = shelf;
    this.container = container;
    this.group = group;
    /** @type {(style: Style) => string} */
    this.pictureOf = (style) => style.thumbnail;
    shelf.addEventListener("styles", () => this.draw());
    shelf.addEventListener("choice", () => this.mark());
  }

  /**
   * Show other pictures of the styles.
   *
   * @param {(style: Style) => string} pictureOf address of a style's picture
   */
  setPictures(pictureOf) {
    this.pictureOf = pictureOf;
    for (const style of this.shelf.families) {
      const picture = this.container.querySelector(`[data-style="${style.id}"] img`);
      const address = pictureOf(style);
      if (picture && picture.getAttribute("src") !== address) picture.setAttribute("src", address);
    }
  }

  draw() {
    this.container.replaceChildren(...this.shelf.families.map((style) => this.card(style)));
    this.mark();
  }

  mark() {
    const family = familyOf(this.shelf.chosen);
    for (const input of this.container.querySelectorAll("input")) input.checked = input.value === family;
  }

  /** @param {Style} style */
  card(style) {
    const picture = el("img", { src: this.pictureOf(style), alt: "", loading: "lazy", decoding: "async" });
    const input = el("input.visually-hidden", {
      type: "radio", name: this.group, value: style.id, onchange: () => this.shelf.choose(style.id),
    });
    const check = el("span.style-check", {}, icon("check"));
    const label = el("label.style", {}, input, el("span.style-picture", {}, picture, check),
      el("span.style-title", {}, style.title), el("span.style-origin", {}, originOf(style)));
    const card = el("div.style-card", { "data-style": style.id }, label);
    if (style.own) {
      const remove = () => this.shelf.remove(style).catch(notifyError);
      card.append(iconButton("trash", t("styles.delete", { name: style.title }), remove, ".style-delete"));
    }
    return card;
  }
}
