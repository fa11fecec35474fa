import type { Commands } from "../bindings/commands";
import type { AppError, Attachment, FileKind, FileView, MessageView, TransferView } from "../bindings/types";
import { ago, message, profile, type Workspace } from "./fakeScene";

type FileCommands = Pick<Commands, Extract<keyof Commands, `file_${string}` | `transfer_${string}`>>;

const KINDS: readonly [string, FileKind][] = [
  ["image/", "image"],
  ["video/", "video"],
  ["audio/", "audio"],
  ["application/pdf", "pdf"],
];

const kindOf = (type: string): FileKind => KINDS.find(([start]) => type.startsWith(start))?.[1] ?? "other";

/** A stone in outline on a ground of some colour: what a photograph of a ring is to a fake. */
export function stone(hue: number, width = 480, height = 360): string {
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="${String(width)}" height="${String(height)}" viewBox="0 0 48 36"><rect width="48" height="36" fill="hsl(${String(hue)} 35% 72%)"/><path d="M14 12h20l5 6-15 13L9 18zM9 18h30M14 12l5 6 5-6 5 6 5-6M19 18l5 13 5-13" fill="hsl(${String(hue)} 60% 45% / .35)" stroke="hsl(${String(hue)} 60% 28%)" stroke-width=".6"/></svg>`;
  return `data:image/svg+xml;base64,${btoa(drawing)}`;
}

/** A page with a line on it (ISO 32000-1 §7.5). */
function pdf(): string {
  const body = "BT /F1 28 Tf 72 720 Td (Certificate of a sapphire) Tj ET";
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${String(body.length)} >>\nstream\n${body}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  let text = "%PDF-1.4\n";
  const places = objects.map((object, index) => {
    const place = text.length;
    text += `${String(index + 1)} 0 obj\n${object}\nendobj\n`;
    return place;
  });
  const table = text.length;
  const lines = places.map((place) => `${String(place).padStart(10, "0")} 00000 n \n`).join("");
  text += `xref\n0 6\n0000000000 65535 f \n${lines}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n${String(table)}\n%%EOF`;
  return `data:application/pdf;base64,${btoa(text)}`;
}

/** A file of a fake workspace. */
export function fakeFile(id: string, name: string, type: string, from: string, ageMs: number): FileView {
  const picture = type.startsWith("image/");
  return {
    id,
    conversation: "c-1",
    message: `m-${id}`,
    from,
    user: `u-${from}`,
    mine: from === profile.handle,
    sent_at: ago(ageMs),
    name,
    media_type: type,
    kind: kindOf(type),
    size_bytes: 1_234_567 + name.length * 54_321,
    width: picture ? 4000 : null,
    height: picture ? 3000 : null,
    thumbnail: picture ? stone((name.length * 47) % 360) : null,
    state: "available",
    view_only: false,
    expires_at: null,
    named: null,
    seen_by: [],
    saved_by: [],
  };
}

/** The message that announces a file. */
export function announcing(file: FileView): MessageView {
  return {
    ...message(file.conversation, file.from, file.name, 0),
    sent_at: file.sent_at,
    id: file.message,
    kind: "file",
    text: file.name,
    file,
  };
}

function refusal(message: string, next_step: string): Error {
  return { code: "refused", message, next_step, details: message } satisfies AppError as unknown as Error;
}

/** Files in memory. What is sent takes a second on its way. */
export function fakeFiles(workspace: Workspace, tell: (...topics: string[]) => void): FileCommands {
  const staged = new Map<string, Attachment>();
  let counter = 0;
  const find = (id: string): FileView => {
    const found = workspace.files.find((file) => file.id === id);
    if (!found) throw refusal("There is no such file.", "Look at the list.");
    return found;
  };
  const change = (id: string, part: Partial<FileView>): null => {
    workspace.files = workspace.files.map((file) => (file.id === id ? { ...file, ...part } : file));
    for (const [room, all] of workspace.messages) {
      const changed = all.map((each) => (each.file?.id === id ? { ...each, file: { ...find(id) } } : each));
      workspace.messages.set(room, changed);
      tell(`messages:${room}`);
    }
    tell("files");
    return null;
  };
  const move = (file: string, part: Partial<TransferView>): null => {
    workspace.transfers = workspace.transfers.map((each) => (each.file === file ? { ...each, ...part } : each));
    tell("transfers");
    return null;
  };
  const end = (file: string): null => {
    workspace.transfers = workspace.transfers.filter((each) => each.file !== file);
    tell("transfers");
    return null;
  };
  const describe = (name: string, bytes: number): Attachment => {
    const picture = /\.(jpe?g|png|webp)$/i.test(name);
    const type = picture ? "image/jpeg" : name.endsWith(".pdf") ? "application/pdf" : "application/octet-stream";
    return {
      name,
      media_type: type,
      size_bytes: bytes,
      width: picture ? 4000 : null,
      height: picture ? 3000 : null,
      thumbnail: picture ? stone((name.length * 47) % 360) : null,
    };
  };
  return {
    file_choose: async () => [{ path: "/shop/ring 2041.jpg", attachment: describe("ring 2041.jpg", 2_400_000) }],
    file_attachment: async ({ path }) => describe(path.split("/").at(-1) ?? path, 2_400_000),
    file_stage: async ({ request }) => {
      counter += 1;
      const id = `s-${String(counter)}`;
      const attachment = describe(request.name, Math.round(request.content.length * 0.75));
      staged.set(id, attachment);
      return { id, attachment };
    },
    file_discard: async ({ staged: id }) => {
      staged.delete(id);
      return null;
    },
    file_send: async ({ request }) => {
      counter += 1;
      const known = (request.staged ? staged.get(request.staged) : null) ?? describe(request.name, 2_400_000);
      const id = `f-new-${String(counter)}`;
      const total = known.size_bytes;
      const transfer: TransferView = {
        file: id,
        direction: "upload",
        conversation: request.conversation,
        name: request.name,
        media_type: known.media_type,
        path: null,
        done_bytes: total / 2,
        total_bytes: total,
        bytes_per_second: 1_200_000,
        seconds_left: 1,
        state: "running",
        problem: null,
      };
      workspace.transfers = [...workspace.transfers, transfer];
      tell("transfers");
      setTimeout(() => {
        if (!workspace.transfers.some((each) => each.file === id)) return;
        end(id);
        const file: FileView = {
          ...fakeFile(id, request.name, known.media_type, profile.handle, 0),
          conversation: request.conversation,
          size_bytes: total,
          named: request.named,
          view_only: request.view_only,
          expires_at: request.expires_at,
        };
        workspace.files = [...workspace.files, file];
        const before = workspace.messages.get(request.conversation) ?? [];
        workspace.messages.set(request.conversation, [...before, announcing(file)]);
        tell(`messages:${request.conversation}`, "conversations", "files");
      }, 400);
      return id;
    },
    file_list: async ({ request: { filter, skip, limit } }) => {
      const name = filter.name?.toLowerCase() ?? "";
      const all = workspace.files
        .filter((file) => !filter.conversation || file.conversation === filter.conversation)
        .filter((file) => !filter.kind || file.kind === filter.kind)
        .filter((file) => !filter.from || file.from === filter.from)
        .filter((file) => !filter.after || file.sent_at >= filter.after)
        .filter((file) => file.name.toLowerCase().includes(name));
      const order = {
        newest: (one: FileView, other: FileView) => other.sent_at.localeCompare(one.sent_at),
        oldest: (one: FileView, other: FileView) => one.sent_at.localeCompare(other.sent_at),
        name: (one: FileView, other: FileView) => one.name.localeCompare(other.name),
        largest: (one: FileView, other: FileView) => other.size_bytes - one.size_bytes,
      };
      const sorted = all.sort(order[filter.order]);
      const next = skip + limit < sorted.length ? skip + limit : null;
      return { files: sorted.slice(skip, skip + limit).map((file) => ({ ...file })), next };
    },
    file_show: async ({ file }) => ({ ...find(file) }),
    file_log: async ({ file }) => ({
      lines: [
        { at: ago(60_000), who: "ben", action: "download", bytes: null, reason: null, proof: "signed" },
        { at: ago(61_000), who: "ben", action: "download", bytes: 1_300_000, reason: null, proof: "relay" },
        { at: ago(120_000), who: "cora", action: "refusal", bytes: 0, reason: "forbidden", proof: "relay" },
        {
          at: find(file).sent_at,
          who: find(file).from,
          action: "upload",
          bytes: 1_300_000,
          reason: null,
          proof: "relay",
        },
      ],
      problem: null,
    }),
    file_revoke: async ({ request }) => change(request.file, { state: "revoked", thumbnail: null }),
    file_save: async () => "/tmp/ring.jpg",
    file_open: async () => null,
    file_preview: async ({ file: id }) => {
      const file = find(id);
      const urls: Partial<Record<FileKind, string>> = {
        image: stone((file.name.length * 47) % 360, 1600, 1200),
        pdf: pdf(),
      };
      return {
        url: urls[file.kind] ?? null,
        kind: file.kind,
        media_type: file.media_type,
        scaled: file.name.includes("panorama"),
      };
    },
    file_preview_close: async () => null,
    transfer_list: async () => workspace.transfers.map((each) => ({ ...each })),
    transfer_pause: async ({ file }) => move(file, { state: "paused" }),
    transfer_resume: async ({ file }) => move(file, { state: "running", problem: null }),
    transfer_cancel: async ({ file }) => end(file),
  };
}

function underway(name: string, part: Partial<TransferView>): TransferView {
  return {
    file: `t-${name}`,
    direction: "upload",
    conversation: "c-1",
    name,
    media_type: "video/mp4",
    path: null,
    done_bytes: 734_003_200,
    total_bytes: 2_147_483_648,
    bytes_per_second: 48_000_000,
    seconds_left: 30,
    state: "running",
    problem: null,
    ...part,
  };
}

/** Files in every state, and some on their way. */
export function addFiles(workspace: Workspace): void {
  const minute = 60_000;
  workspace.files = [
    fakeFile("f-1", "Sapphire 1.52 ct, daylight.jpg", "image/jpeg", "lena", 50 * minute),
    { ...fakeFile("f-2", "Certificate 20-41187.pdf", "application/pdf", "ana", 40 * minute), saved_by: ["lena"] },
    {
      ...fakeFile("f-3", "Setting, second design.jpg", "image/jpeg", "ana", 30 * minute),
      view_only: true,
      named: ["lena"],
    },
    { ...fakeFile("f-4", "Old offer.pdf", "application/pdf", "ana", 25 * minute), state: "revoked" },
    { ...fakeFile("f-5", "", "", "ben", 20 * minute), state: "not_for_you", thumbnail: null },
    fakeFile("f-6", "panorama of the vault.jpg", "image/jpeg", "ben", 10 * minute),
    fakeFile("f-7", "prices 2026.xlsx", "application/octet-stream", "ines", 9 * minute),
  ];
  const thread = workspace.messages.get("c-1") ?? [];
  thread.push(...workspace.files.filter((file) => file.id !== "f-7").map(announcing));
  workspace.transfers = [
    underway("Film of the setting.mp4", {}),
    underway("Stock.zip", { state: "paused", bytes_per_second: 0, seconds_left: null }),
    underway("Catalogue.pdf", {
      state: "failed",
      direction: "download",
      bytes_per_second: 0,
      seconds_left: null,
      problem: "The disk is full. Free some space, then resume: what came so far is kept.",
    }),
  ];
}
