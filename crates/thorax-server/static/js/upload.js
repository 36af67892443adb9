// Many files: dropped or chosen, sent one by one (a few at a time) to the address of the form, each with its own result; the
// failed ones can be tried again. Without this module the form sends them all at once.

const AT_ONCE = 3;
const TRIES = 6;
const form = document.getElementById("upload");

class Upload {
  constructor() {
    this.input = form.elements.files;
    this.box = document.querySelector("[data-results]");
    this.list = document.querySelector("[data-files]");
    this.summary = document.querySelector("[data-summary]");
    this.bar = this.summary.querySelector("progress");
    this.count = document.querySelector("[data-count]");
    this.retry = document.querySelector("[data-retry]");
    this.stop = document.querySelector("[data-stop]");
    this.items = [];
    this.running = 0;
  }

  listen() {
    const drop = form.querySelector("[data-drop]");
    form.querySelector("[data-drop-hint]").hidden = false;
    for (const name of ["dragenter", "dragover"]) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.add("over");
      });
    }
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      this.input.files = event.dataTransfer.files;
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.running === 0) this.take([...this.input.files]);
    });
    this.retry.addEventListener("click", () => {
      for (const item of this.items) if (item.state === "failed") this.reset(item);
      this.work();
    });
    this.stop.addEventListener("click", () => {
      for (const item of this.items) {
        if (item.state === "waiting") this.finish(item, { state: "failed", message: "Not sent." });
        else item.abort?.abort();
      }
    });
    addEventListener("beforeunload", (event) => {
      if (this.running > 0) event.preventDefault();
    });
  }

  take(files) {
    const most = Number(form.dataset.maximumFiles);
    const bytes = Number(form.dataset.maximumBytes);
    this.list.replaceChildren();
    this.items = files.slice(0, most).map((file) => this.add(file));
    this.box.hidden = false;
    this.summary.hidden = false;
    this.left = files.length - this.items.length;
    for (const item of this.items) {
      if (item.file.size > bytes) this.finish(item, { state: "failed", message: "The file is larger than is taken here." });
    }
    this.box.scrollIntoView({ block: "nearest" });
    this.work();
  }

  add(file) {
    const line = document.createElement("li");
    const name = Object.assign(document.createElement("span"), { className: "name", textContent: file.name });
    const tag = Object.assign(document.createElement("span"), { className: "tag tag-plain", textContent: "Waiting" });
    const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    bar.setAttribute("aria-label", `${file.name}: sent`);
    const what = Object.assign(document.createElement("div"), { className: "what" });
    line.append(name, tag, bar, what);
    this.list.append(line);
    return { file, line, tag, bar, what, state: "waiting" };
  }

  reset(item) {
    item.state = "waiting";
    item.tries = 0;
    item.tag.className = "tag tag-plain";
    item.tag.textContent = "Waiting";
    item.what.replaceChildren();
    item.bar.hidden = false;
  }

  work() {
    while (this.running < AT_ONCE) {
      const item = this.items.find((one) => one.state === "waiting");
      if (!item) break;
      this.running += 1;
      this.send(item).finally(() => {
        this.running -= 1;
        this.work();
      });
    }
    this.tell();
  }

  tell() {
    const done = this.items.filter((one) => one.state !== "waiting" && one.state !== "sending").length;
    const failed = this.items.filter((one) => one.state === "failed").length;
    this.bar.max = Math.max(1, this.items.length);
    this.bar.value = done;
    const over = this.left > 0 ? ` ${this.left} more than are taken at once were left out.` : "";
    this.count.textContent = `${done} of ${this.items.length} done, ${failed} failed.${over}`;
    this.retry.hidden = failed === 0 || this.running > 0;
    this.stop.hidden = this.running === 0;
  }

  async send(item) {
    item.state = "sending";
    item.tag.textContent = "Sending";
    for (item.tries = 1; ; item.tries += 1) {
      const answer = await this.post(item);
      const wait = Number(answer.wait);
      if (!(wait >= 0) || item.tries >= TRIES) {
        this.finish(item, answer);
        return;
      }
      item.tag.textContent = "The queue is full; waiting";
      await new Promise((resume) => setTimeout(resume, Math.min(60, Math.max(1, wait)) * 1000));
    }
  }

  /** What came of sending one file: `UploadResult` as the server says it. `wait` where it said to come back later. */
  async post(item) {
    const data = new FormData();
    data.append("record_number", form.elements.record_number.value);
    if (form.elements.force?.checked) data.append("force", "1");
    data.append("files", item.file, item.file.name);
    item.abort = new AbortController();
    item.bar.removeAttribute("value");
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: data,
        headers: { accept: "application/json" },
        signal: item.abort.signal,
      });
      const body = await answer.json().catch(() => ({}));
      if (answer.status === 429 || answer.status === 503) {
        return { state: "failed", message: body.detail ?? "The queue is full.", wait: answer.headers.get("retry-after") ?? 5 };
      }
      const field = body.errors?.map((one) => one.detail).join(" ");
      return body.files?.[0] ?? { state: "failed", message: field || body.detail || `The server answered ${answer.status}.` };
    } catch {
      const message = item.abort.signal.aborted ? "Stopped." : "The connection broke.";
      return { state: "failed", message };
    }
  }

  finish(item, { state, message, xray_id: xray, reasons }) {
    const words = { accepted: ["Accepted", "success"], duplicate: ["Here already", "warning"], refused: ["Refused", "warning"] };
    const [title, kind] = words[state] ?? ["Failed", "danger"];
    item.state = words[state] ? state : "failed";
    item.tag.className = `tag tag-${kind}`;
    item.tag.textContent = title;
    item.bar.hidden = true;
    item.what.replaceChildren(document.createTextNode(message ? `${message} ` : ""));
    if (xray) {
      const link = Object.assign(document.createElement("a"), { href: `/xrays/${xray}`, textContent: "Open" });
      item.what.append(link);
    }
    if (reasons?.length) {
      const list = document.createElement("ul");
      for (const reason of reasons) {
        const line = document.createElement("li");
        line.textContent = `${reason.message} Measured ${short(reason.measured)}, limit ${short(reason.limit)}.`;
        list.append(line);
      }
      item.what.append(list);
    }
    this.tell();
  }
}

function short(number) {
  return Number(number).toLocaleString("en", { maximumSignificantDigits: 3 });
}

if (form) new Upload().listen();
