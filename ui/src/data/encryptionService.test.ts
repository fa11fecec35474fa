import { expect, test } from "vitest";
import { fakeHost } from "../host/fake";
import { encryptionService } from "./encryptionService";

const service = (scene: string) => encryptionService(fakeHost(scene).commands);

test("it is initialised only where a workspace is open", async () => {
  expect(await service("main").isInitialized()).toBe(true);
  expect(await service("new").isInitialized()).toBe(false);
  expect(await service("locked").isInitialized()).toBe(false);
});

test("asking for a key pair again answers with the one that is there", async () => {
  const one = service("main");
  const made = await one.generateUserKeyPair();
  const held = await one.getUserEncryptionKey();
  expect(made.fingerprint).toBe(held.fingerprint);
  expect(held.pem).not.toMatch(/PRIVATE/);
});

test("what is passed on names the conversation it belongs to", async () => {
  const { commands } = fakeHost("main");
  const asked: unknown[] = [];
  const one = encryptionService({
    ...commands,
    encrypt_message: (argument) => {
      asked.push(argument);
      return commands.encrypt_message(argument);
    },
  });
  const { envelope } = await one.encryptMessage("c-1", "2.14 ct");
  expect(asked).toEqual([{ request: { conversation: "c-1", text: "2.14 ct" } }]);
  expect(envelope).not.toContain("2.14 ct");
});
