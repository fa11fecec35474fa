import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, expect, test } from "vitest";
import type { MessageView } from "../../data/client";
import { startI18n } from "../../i18n";
import { Arrivals } from "./Arrivals";

beforeAll(() => startI18n());
afterEach(cleanup);

const message = (sequence: number, change: Partial<MessageView> = {}): MessageView => ({
  id: `m-${String(sequence)}`,
  conversation: "c",
  device: "d",
  from: "ben",
  user: "u-ben",
  mine: false,
  sent_at: "2026-11-23T09:00:00Z",
  sequence,
  epoch: 1,
  text: `word ${String(sequence)}`,
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
  ...change,
});

const said = () => [...screen.getByTestId("arrivals").children].map((line) => line.textContent);

test("what is there when the thread opens, and what comes in from earlier, is not announced", () => {
  const { rerender } = render(<Arrivals messages={[message(5), message(6)]} />);
  expect(said()).toEqual([]);
  rerender(<Arrivals messages={[message(3), message(4), message(5), message(6)]} />);
  expect(said()).toEqual([]);
});

test("what others write is announced once, what one writes oneself never", () => {
  const { rerender } = render(<Arrivals messages={[message(5)]} />);
  const arrived = [message(5), message(6)];
  rerender(<Arrivals messages={arrived} />);
  expect(said()).toEqual(["ben says: word 6"]);
  const line = screen.getByTestId("arrivals").firstChild;
  rerender(<Arrivals messages={[...arrived]} />);
  expect(screen.getByTestId("arrivals").firstChild).toBe(line);
  rerender(<Arrivals messages={[...arrived, message(7, { mine: true })]} />);
  expect(said()).toEqual(["ben says: word 6"]);
  rerender(<Arrivals messages={[...arrived, message(7, { mine: true }), message(8)]} />);
  expect(said()).toEqual(["ben says: word 8"]);
});

test("many at once are counted", () => {
  const { rerender } = render(<Arrivals messages={[]} />);
  rerender(<Arrivals messages={[1, 2, 3, 4].map((sequence) => message(sequence))} />);
  expect(said()).toEqual(["4 new messages"]);
});

test("a call is announced as one", () => {
  const { rerender } = render(<Arrivals messages={[]} />);
  rerender(<Arrivals messages={[message(1, { kind: "call", text: null })]} />);
  expect(said()).toEqual(["ben called"]);
});
