// Worker: a classic one, since LiteRT.js loads its runtime by importScripts, which module workers lack.

const painter = import("./painter.js");

self.addEventListener("message", async ({ data }) => {
  try {
    const { receive } = await painter;
    receive(data);
  } catch (error) { // of loading the painter
    postMessage({ id: data.id, error: String(error) });
  }
});
