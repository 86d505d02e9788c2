// Router: sections of the page by the address's fragment, as #queue or #job=ID.

import { byId } from "./dom.js";

const SECTIONS = ["create", "queue", "live", "job"];

/** Sends "section" with the section's name and argument in `detail`. */
export const router = new EventTarget();

/**
 * Go to a section.
 *
 * @param {string} place as "queue" or "job=ID"
 */
export function show(place) {
  if (location.hash === `#${place}`) return;
  location.hash = place;
}

/** Name and argument of the present section. */
export function present() {
  const [name, argument = ""] = location.hash.slice(1).split("=");
  return SECTIONS.includes(name) ? { name, argument } : { name: "create", argument: "" };
}

/** Follow the address. */
export function startRouter() {
  addEventListener("hashchange", () => {
    open();
    const heading = byId(present().name).querySelector("h1");
    heading?.focus({ preventScroll: true });
    scrollTo(0, 0);
  });
  open();
}

function open() {
  const { name, argument } = present();
  for (const section of SECTIONS) byId(section).hidden = section !== name;
  for (const link of document.querySelectorAll("nav a")) {
    const target = link.getAttribute("href")?.slice(1);
    if (target === name || (target === "queue" && name === "job")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  router.dispatchEvent(new CustomEvent("section", { detail: { name, argument } }));
}
