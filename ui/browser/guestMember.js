// The member's side of a guest's call, in a browser: it hears knocks, admits, offers, and looks at what comes. Loaded by guest.js.
import { Aes256Gcm, CipherSuite, DhkemP384HkdfSha384, HkdfSha384 } from "@hpke/core";
import { FrameWorker } from "../guest/call/frameWorker";
import { concat, fromBase64Url, fromHex, idBytes, toBase64Url, utf8 } from "../guest/crypto/bytes";
import { Envelope, FROM_GUEST, TO_GUEST, verifyingKey } from "../guest/crypto/envelope";
import { TRACKS } from "../guest/crypto/frameKey";
import { aesKey, hkdf, hkdfKey } from "../guest/crypto/hkdf";
import { safetyCode } from "../guest/crypto/safety";
import { fingerprint } from "../guest/call/description";

const suite = new CipherSuite({ kem: new DhkemP384HkdfSha384(), kdf: new HkdfSha384(), aead: new Aes256Gcm() });
const filled = (byte, length = 32) => new Uint8Array(length).fill(byte);

export class Member {
  knocks = [];
  /** Signals that did not open. */
  strangers = 0;
  media;
  left = false;
  restarts = 0;
  /** What was heard, in its order. */
  kinds = [];
  #number = 0;
  attempt = 0;
  #guests = new Map();
  #worker = new FrameWorker();
  #early = [];
  #sending = Promise.resolve();

  /** `says` is the relay's WebSocket; `fragment` what stands in the link. */
  static async come({ socket, seed, fragment, device, name }) {
    const bytes = fromBase64Url(fragment);
    const member = new Member();
    Object.assign(member, { device, name, call: bytes.slice(1, 17), members: bytes.slice(49) });
    const secret = bytes.slice(17, 49);
    member.signing = await crypto.subtle.importKey(
      "pkcs8",
      fromHex(`302e020100300506032b657004220420${seed}`),
      "Ed25519",
      false,
      ["sign"],
    );
    member.outgoing = await Envelope.of(TO_GUEST, member.call, secret, "encrypt");
    member.incoming = await Envelope.of(FROM_GUEST, member.call, secret, "decrypt");
    member.label = concat(utf8(FROM_GUEST), member.call);
    member.key = await aesKey(await hkdf("SHA-256", await hkdfKey(secret), member.label, 32), "decrypt");
    member.socket = new WebSocket(socket);
    await new Promise((resolve) => (member.socket.onopen = resolve));
    let handling = Promise.resolve();
    member.socket.onmessage = ({ data }) => {
      const { guest, data: sealed } = JSON.parse(data);
      const bytes = Uint8Array.from(atob(sealed), (letter) => letter.charCodeAt(0));
      // What goes wrong fails the check, and the next is heard all the same.
      handling = handling.then(() => member.#heard(guest, bytes)).catch(reportError);
    };
    return member;
  }

  /** Lets a guest in. `sealsWith` and `tells` are the byte of the secret that frames are sealed with, and of the one that the guest is told. */
  async admit(guest, { sealsWith = 0x22, tells = 0x22 } = {}) {
    this.#worker.secret(idBytes(this.device), this.call, 0, filled(sealsWith));
    await this.welcome(guest, tells);
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
    await this.connect(guest);
  }

  /** Says that a guest is let in, as to each knock of one who is. */
  async welcome(guest, tells = 0x22) {
    const secret = await this.#sealedFor(guest, 0, filled(tells));
    const media = { microphone: true, camera: true, screen: false };
    await this.say(guest, { kind: "admitted", member: this.name, generation: 0, secret, media });
  }

  /** Offers a connection, anew each time. */
  async connect(guest) {
    this.connection?.close();
    this.#early = [];
    const connection = (this.connection = new RTCPeerConnection());
    const [audio] = this.stream.getAudioTracks();
    const [camera] = this.stream.getVideoTracks();
    for (const [index, track] of [audio, camera, "video"].entries()) {
      const { sender, receiver, setCodecPreferences } = connection.addTransceiver(track, { streams: [this.stream] });
      if (index > 0) {
        const { codecs } = RTCRtpReceiver.getCapabilities("video");
        const wanted = codecs.filter(({ mimeType }) => /VP8|rtx/.test(mimeType));
        setCodecPreferences.call(connection.getTransceivers()[index], wanted);
      }
      this.#worker.seal(sender, TRACKS[index]);
      this.#worker.open(receiver, idBytes(guest), TRACKS[index]);
    }
    this.pictures = connection
      .getTransceivers()
      .slice(1)
      .map(({ receiver }) => shown(receiver.track));
    this.attempt += 1;
    const attempt = this.attempt;
    connection.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return;
      const { sdpMid, sdpMLineIndex } = candidate;
      void this.say(guest, {
        kind: "candidates",
        attempt,
        candidates: [{ candidate: candidate.candidate, sdpMid, sdpMLineIndex }],
      });
    };
    await connection.setLocalDescription();
    await this.say(guest, { kind: "offer", attempt, sdp: connection.localDescription.sdp });
  }

  /** Shares what stands for a screen: a drawing that moves. */
  async share(guest) {
    const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 800 });
    const context = canvas.getContext("2d");
    let turn = 0;
    setInterval(() => {
      context.fillStyle = "#faf8f4";
      context.fillRect(0, 0, 1280, 800);
      context.fillStyle = "#1b1a17";
      context.font = "64px serif";
      context.fillText(`Ring 2041 — drawing ${String((turn += 1))}`, 80, 120);
      context.strokeRect(80, 200, 1120, 520);
    }, 100);
    const [track] = canvas.captureStream(10).getVideoTracks();
    await this.connection.getSenders()[2].replaceTrack(track);
    await this.say(guest, { kind: "media", media: { microphone: true, camera: true, screen: true } });
  }

  /** Frames go on under a new secret, which the guest is told. */
  async rekey(guest, generation) {
    const secret = filled(0x40 + generation);
    await this.say(guest, {
      kind: "rekey",
      generation,
      secret: await this.#sealedFor(guest, generation, secret.slice()),
    });
    this.#worker.secret(idBytes(this.device), this.call, generation, secret);
  }

  say(guest, body) {
    this.#number += 1;
    const json = JSON.stringify({ number: this.#number, device: this.device, body });
    const sealing = this.outgoing.seal(json, this.signing);
    // In the order of their numbers, however long each takes to seal.
    this.#sending = this.#sending.then(async () => {
      this.socket.send(JSON.stringify({ guest, data: btoa(String.fromCharCode(...(await sealing))) }));
    });
    return this.#sending;
  }

  async seen() {
    const [camera, screen] = this.pictures.map((picture) => ({
      width: picture.videoWidth,
      height: picture.videoHeight,
      frames: picture.getVideoPlaybackQuality().totalVideoFrames,
    }));
    return { camera, screen, frames: await this.#worker.stats() };
  }

  async code(guest) {
    const prints = [this.connection.localDescription.sdp, this.connection.remoteDescription.sdp].map(fingerprint);
    return safetyCode(this.call, this.members, this.#guests.get(guest).bytes, prints);
  }

  async #heard(guest, sealed) {
    const known = this.#guests.get(guest);
    if (!known) return this.#knocked(guest, sealed);
    const json = await this.incoming.open(sealed, known.key);
    if (json === undefined) return void (this.strangers += 1);
    const { number, device, body } = JSON.parse(json);
    if (number <= known.number) throw new Error("a number came again");
    known.number = number;
    if (device && device !== this.device) return;
    this.kinds.push(body.kind);
    if (body.kind === "knock") this.knocks.push({ guest, name: body.name });
    else if (body.kind === "answer") {
      if (this.#isOver(body)) return;
      await this.connection.setRemoteDescription({ type: "answer", sdp: body.sdp });
      for (const candidate of this.#early.splice(0)) await this.connection.addIceCandidate(candidate);
    } else if (body.kind === "candidates") {
      if (this.#isOver(body)) return;
      if (this.connection.remoteDescription)
        for (const candidate of body.candidates) await this.connection.addIceCandidate(candidate);
      else this.#early.push(...body.candidates);
    } else if (body.kind === "media") this.media = body.media;
    else if (body.kind === "left") this.left = true;
    else if (body.kind === "restart") this.restarts += 1;
  }

  /** Whether it belongs to an attempt that was given up. */
  #isOver({ attempt }) {
    return attempt !== this.attempt || this.connection.signalingState === "closed";
  }

  /** A first signal names the key that it is signed with. */
  async #knocked(guest, sealed) {
    try {
      const parameters = { name: "AES-GCM", iv: sealed.slice(0, 12), additionalData: this.label };
      const plaintext = new Uint8Array(await crypto.subtle.decrypt(parameters, this.key, sealed.slice(12)));
      const { body } = JSON.parse(new TextDecoder().decode(plaintext.slice(64)));
      const bytes = fromBase64Url(body.key);
      this.#guests.set(guest, {
        bytes,
        key: await verifyingKey(bytes),
        exchange: fromBase64Url(body.exchange),
        number: 0,
      });
    } catch {
      return void (this.strangers += 1);
    }
    return this.#heard(guest, sealed);
  }

  async #sealedFor(guest, generation, secret) {
    const curve = { name: "ECDH", namedCurve: "P-384" };
    const recipientPublicKey = await crypto.subtle.importKey("raw", this.#guests.get(guest).exchange, curve, true, []);
    const context = await suite.createSenderContext({
      recipientPublicKey,
      info: concat(utf8("bezel/guest/secret"), this.call),
    });
    const ciphertext = await context.seal(secret, Uint8Array.of(0, 0, 0, generation));
    return { enc: toBase64Url(new Uint8Array(context.enc)), ciphertext: toBase64Url(new Uint8Array(ciphertext)) };
  }
}

function shown(track) {
  const picture = document.createElement("video");
  picture.muted = picture.autoplay = true;
  picture.srcObject = new MediaStream([track]);
  document.body.append(picture);
  return picture;
}
