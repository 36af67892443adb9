// Serves the sample pages that the render test writes out, under the site's own content security policy, to look at them
// without a database: every state of every page, light and dark, phone and desktop.
//
//   THORAX_PAGES=target/pages cargo test -p thorax-server --test it render
//   node e2e/pages.mjs target/pages 8123      # then open http://127.0.0.1:8123/xray-review

import { createServer } from "node:http";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, extname, join } from "node:path";

const [folder = "target/pages", port = "8123"] = process.argv.slice(2);
const POLICY =
  "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES = { ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8" };

/** A film of 16 bits without a patient: a bright column on a slope. */
function film(width = 1240, height = 1104) {
  const bytes = Buffer.alloc(16 + width * height * 2);
  bytes.write("TXR1");
  bytes.writeUInt32LE(width, 4);
  bytes.writeUInt32LE(height, 8);
  bytes.writeUInt16LE(16, 12);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const column = Math.exp(-(((x - width / 2) / 150) ** 2));
      bytes.writeUInt16LE(Math.round(12_000 + 30_000 * column + (20_000 * y) / height), 16 + 2 * (y * width + x));
    }
  }
  return bytes;
}

createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://here");
  response.setHeader("content-security-policy", POLICY);
  if (pathname === "/") {
    const names = readdirSync(folder).filter((name) => name.endsWith(".html")).map((name) => basename(name, ".html"));
    response.setHeader("content-type", TYPES[".html"]);
    response.end(names.map((name) => `<li><a href="/${name}">${name}</a>`).join("\n"));
    return;
  }
  if (pathname.endsWith("/pixels")) {
    response.end(film());
    return;
  }
  const file = join(folder, pathname.startsWith("/static/") ? pathname : `${pathname}.html`);
  if (!existsSync(file)) {
    response.statusCode = 404;
    response.end("Not among the samples.\n");
    return;
  }
  response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
  response.end(readFileSync(file));
}).listen(Number(port), "127.0.0.1");
