import { expect, test } from "vitest";
import type { MessageView } from "../../data/client";
import { threadRows } from "./rows";

const message = (id: string, user: string, sent_at: string): MessageView => ({
  id,
  user,
  sent_at,
  conversation: "c",
  device: "d",
  from: user,
  mine: false,
  sequence: 1,
  epoch: 1,
  text: id,
  reply_to: null,
  reply_device: null,
  written_before: false,
  unconfirmed: false,
  state: "received",
  verified: true,
  kind: "text",
  problem: null,
  file: null,
  call: null,
});

const shapes = (pages: MessageView[][], unread: string | null, hasEarlier: boolean): string[] =>
  threadRows(pages, unread, hasEarlier).map((row) =>
    row.kind === "message" ? (row.opensGroup ? "first" : "next") : row.kind,
  );
const shape = (messages: MessageView[], unread: string | null = null): string[] => shapes([messages], unread, false);

test("messages of one sender within five minutes stand together", () => {
  expect(
    shape([
      message("1", "a", "2026-11-23T09:00:00"),
      message("2", "a", "2026-11-23T09:04:00"),
      message("3", "a", "2026-11-23T09:20:00"),
    ]),
  ).toEqual(["day", "first", "next", "first"]);
});

test("a new day and another sender begin anew", () => {
  expect(
    shape([
      message("1", "a", "2026-11-22T23:59:00"),
      message("2", "a", "2026-11-23T00:01:00"),
      message("3", "b", "2026-11-23T00:01:10"),
    ]),
  ).toEqual(["day", "first", "day", "first", "first"]);
});

test("the line of the unread stands before the first of them", () => {
  expect(shape([message("1", "a", "2026-11-23T09:00:00"), message("2", "a", "2026-11-23T09:01:00")], "d/2")).toEqual([
    "day",
    "first",
    "unread",
    "first",
  ]);
});

test("the rows that are there stay as they are when an earlier page comes before them", () => {
  const later = [message("3", "a", "2026-11-23T09:02:00"), message("4", "a", "2026-11-23T09:03:00")];
  const earlier = [message("1", "a", "2026-11-23T09:00:00"), message("2", "a", "2026-11-23T09:01:00")];
  const before = shapes([later], null, true);
  expect(before).toEqual(["first", "next"]);
  expect(shapes([earlier, later], null, false)).toEqual(["day", "first", "next", ...before]);
});
