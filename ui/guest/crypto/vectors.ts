// Made apart, by Python's cryptography 50 and pyhpke 0.6, from what the protocol says.
import { fromBase64Url, fromHex, type Bytes } from "./bytes";

const bytes = (text: string): Bytes => fromBase64Url(text) ?? new Uint8Array();

export const CALL = new Uint8Array(16).fill(0x11);
/** The secret of a link, and the members' public key. */
export const SECRET = new Uint8Array(32).fill(7);
export const MEMBERS = bytes("_RckOFqgx1tk-3jNYC-h2ZH96_drE8WO1wLqyDXp9hg");
export const FRAGMENT =
  "AREREREREREREREREREREREHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHB_0XJDhaoMdbZPt4zWAvodmR_ev3axPFjtcC6sg16fYY";

/** The private key of {@link MEMBERS}, in PKCS #8. */
export const MEMBERS_PRIVATE = fromHex(`302e020100300506032b657004220420${"09".repeat(32)}`);

/** What a member said to a guest. */
export const SIGNAL_JSON =
  '{"number":1,"device":"03030303-0303-0303-0303-030303030303","body":{"kind":"waiting","member":"Ana"}}';
export const SIGNAL = fromHex(
  "000102030405060708090a0b012db1104e0cbc9619c7ab85073315fdcd08eb6a3dae4479bd975e609202d892bdcd2f1e038326743119a9b1729bac308e9fc7cbdafb1b7719e99d6d16002d1e9f0b4d058f433ca3c08040af50524c083b193e364253e24b8c607a1610fc65fe55d5e058f8efa73f8b2c7d7dda892e470ac6cd6fcabe8b3cedc61d2e36b677d73e685ee66e9450ea7124ad2892116c9d99757e819578915dd1ccf77f7476908fbaa862618a6e1e21a15248e85198c1e5d31882d8c4",
);

/** A secret of 32 bytes 0x22, sealed for a key as that of generation 3 of {@link CALL}. */
export const EXCHANGE: JsonWebKey = {
  kty: "EC",
  crv: "P-384",
  x: "GQmLjpGTcPx_KbN8ve4WAH0TGjSiziQb35cozeirVejxncbvmBj5tDyx6APkkqne",
  y: "2KTBsZyMFdxYZLqjO9e0bne-KUtnY-9KqP-mxR-ULvukgg2ANn12auL2hplEtqhU",
  d: "INoxydqL-N9PG8x9pLCgJs89ZvEEWS-iYKobBd0U4PmAy3iCx-g2heDwl7eWthr_",
};
export const SEALED = {
  enc: "BNJ0BwqLlN8_LNqos6ueodJCCbvR6aA_PQcR4fgW_hHFB4yuq_fvaVod4J-_dRNi6n_gd8AiYWV0dCmUAplw_CkCdo6paKt1NR8QKqWDITg1wgeQfpr_EUJAe9UcJXpqFw",
  ciphertext: "CGEmYd5PCohJIRdvxb64rkD_LaXOlkxq53-0iMhWwtTIaq4GMZ5wRs6_krKhwXoU",
};
