/** What a browser may lack for a call, as the catalogue names it. */
export type Lack = "missingMedia" | "missingTransform" | "missingSignatures";

/** What this browser lacks. Browsers hide most of it where the address is not secure: look at that first. */
export async function lacks(): Promise<Lack[]> {
  const missing: Lack[] = [];
  if (!("mediaDevices" in navigator) || !("RTCPeerConnection" in globalThis)) missing.push("missingMedia");
  if (!("RTCRtpScriptTransform" in globalThis)) missing.push("missingTransform");
  const signs = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]).catch(() => undefined);
  if (!signs) missing.push("missingSignatures");
  return missing;
}
