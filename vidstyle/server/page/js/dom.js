// DOM helpers: elements from a description, icons from the sprite in index.html.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Element of the page by its id.
 *
 * @param {string} id
 * @returns {any} of the type that index.html gives it
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element "${id}".`);
  return found;
}

/**
 * Create an element.
 *
 * @param {string} description tag and classes, as "button.primary"
 * @param {Record<string, any>} [properties] `on...` are listeners, `data-`, `aria-` and `role`
 *   attributes, others properties of the element
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any} of the type of the tag
 */
export function el(description, properties = {}, ...children) {
  const [tag, ...classes] = description.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (/^(data-|aria-|role$|for$)/.test(name)) node.setAttribute(name, String(value));
    else /** @type {any} */ (node)[name] = value;
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/**
 * Icon of the sprite, hidden from screen readers.
 *
 * @param {string} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/**
 * Button of an icon alone; its label is read aloud and shown on hover.
 *
 * @param {string} name icon
 * @param {string} label
 * @param {(event: MouseEvent) => void} onclick
 * @param {string} [classes] further classes, as ".danger"
 * @returns {HTMLButtonElement}
 */
export function iconButton(name, label, onclick, classes = "") {
  const properties = { type: "button", title: label, "aria-label": label, onclick };
  return el(`button.icon-button${classes}`, properties, icon(name));
}

/**
 * Change the text of a node only when it differs, so that screen readers stay quiet.
 *
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Value of a CSS variable of one element, as styles in attributes are forbidden by the policy.
 *
 * @param {HTMLElement} node
 * @param {string} name
 * @param {string | number} value
 */
export function setVariable(node, name, value) {
  node.style.setProperty(`--${name}`, String(value));
}

/**
 * Offer content for saving, as a download does.
 *
 * @param {Blob} content
 * @param {string} name
 */
export function save(content, name) {
  const url = URL.createObjectURL(content);
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
