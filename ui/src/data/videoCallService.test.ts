import { expect, test, vi } from "vitest";
import { fakeHost } from "../host/fake";
import { storeChoices } from "./callOptions";
import { videoCallService } from "./videoCallService";

const stage = (scene: string) => {
  const { commands } = fakeHost(scene);
  return { commands, service: videoCallService(commands) };
};

test("it is initialised only where a workspace is open", async () => {
  expect(await stage("main").service.isInitialized()).toBe(true);
  expect(await stage("locked").service.isInitialized()).toBe(false);
});

test("a call is begun with the devices that were chosen, with the camera only where it has pictures", async () => {
  storeChoices({ camera: { kind: "synthetic" }, hidesAddress: true });
  const { commands, service } = stage("main");
  const start = vi.spyOn(commands, "call_start");
  await service.initiateCall("c-4");
  expect(start.mock.lastCall?.[0].request).toMatchObject({
    conversation: "c-4",
    media: "video",
    options: { is_camera_on: true, is_microphone_on: true, camera: { kind: "synthetic" }, hides_address: true },
  });
  await service.leaveCall();
  await service.initiateCall("c-4", "audio");
  expect(start.mock.lastCall?.[0].request).toMatchObject({ media: "audio", options: { is_camera_on: false } });
});

test("in a call there is no second one, and the refusal says what to do", async () => {
  const { service } = stage("call");
  await expect(service.initiateCall("c-1")).rejects.toMatchObject({ code: "in_a_call", next_step: "Leave it first." });
});

test("the status names the call, the people and what protects the way to each of them", async () => {
  const status = await stage("call").service.getConnectionStatus();
  expect(status).toMatchObject({ call: "call-now", phase: "live" });
  expect(status.people).toMatchObject([{ name: "ben", isConnected: true, srtp: "AEAD_AES_256_GCM" }]);
  expect(status.people[0]?.roundTripMs).toBeGreaterThan(0);
});

test("where there is no call there is nobody in it", async () => {
  expect(await stage("main").service.getConnectionStatus()).toEqual({ call: null, phase: "none", people: [] });
});

test("ending a call leaves the one that goes on and declines the one that rings", async () => {
  const live = stage("call");
  await live.service.endCall();
  expect((await live.commands.call_current())?.outcome).toBe("completed");
  const rings = stage("incoming");
  const decline = vi.spyOn(rings.commands, "call_decline");
  await rings.service.endCall();
  expect(decline).toHaveBeenCalledExactlyOnceWith({ call: "call-now" });
});
