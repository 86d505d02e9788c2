// Styles of the server: loads the list, takes paintings as styles and deletes them.

import { addStyle, deleteStyle, getStyles } from "./api.js";
import { byId } from "./dom.js";
import { onChoose, onDrop } from "./files.js";
import { stemOf } from "./format.js";
import { StyleShelf } from "./gallery.js";
import { announce, confirmDelete, notify, notifyError } from "./notices.js";
import { t } from "./strings.js";

/** @import { Style } from "./types.js" */

/** Shelf of the server's styles. */
export class ServerShelf extends StyleShelf {
  async load() {
    this.show((await getStyles()).styles);
  }

  /**
   * Make a style of a painting, and choose it.
   *
   * @param {File} file
   */
  async add(file) {
    announce(t("styles.adding", { name: file.name }));
    const { style, created } = await addStyle(file, stemOf(file.name));
    await this.load();
    this.choose(style.id);
    notify(t(created ? "styles.added" : "styles.known", { name: style.title }));
  }

  /** @param {Style} style */
  async remove(style) {
    if (!(await confirmDelete(t("styles.delete.ask", { name: style.title })))) return;
    await deleteStyle(style.id);
    await this.load();
    announce(t("styles.deleted", { name: style.title }));
  }
}

/**
 * Connect the ways to add a painting: button, dialog, drop.
 *
 * @param {ServerShelf} shelf
 */
export function startAddingStyles(shelf) {
  const add = async (/** @type {File[]} */ files) => {
    const button = byId("add-style");
    button.setAttribute("aria-busy", "true");
    try {
      for (const file of files) await shelf.add(file);
    } catch (error) {
      notifyError(error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  };
  onChoose(byId("add-style"), byId("style-input"), add);
  onDrop(byId("styles"), add);
}
