// Worker: a classic one, since LiteRT.js loads its runtime by importScripts, which module workers lack.

const painter = import("./painter.js");

self.addEventListener("message", async ({ data }) => {
  const { receive } = await painter;
  receive(data);
});
