import "./view/guest.css";

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
document.body.append(String(worker));
