import type { en } from "./en";

/** The forms that a language may have beside those of English (CLDR). */
type OtherForm = "zero" | "two" | "few" | "many";

type Sentences<T> = {
  [K in keyof T]: T[K] extends string ? string : Sentences<T[K]>;
} & {
  [K in keyof T as K extends `${infer Base}_other` ? `${Base}_${OtherForm}` : never]?: string;
};

/** Every sentence of English, in another language, with the plurals of that language. */
export type Catalogue = Sentences<typeof en>;
