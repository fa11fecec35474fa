import type { Commands } from "../bindings/commands";
import type { ChosenFile, DebugInfo, Encrypted, MessageView, Report, Rotated, UserKey } from "../bindings/types";
import { FOR_EVERYONE, fromPath, stage, toSend } from "./send";

/** The encryption of the core as other code of the CRM asks for it. No key ever comes through it. */
export interface EncryptionService {
  isInitialized(): Promise<boolean>;
  debugInfo(): Promise<DebugInfo>;
  /** The key pair is made at the first run; asked again, the one that is there answers. */
  generateUserKeyPair(): Promise<UserKey>;
  getUserEncryptionKey(): Promise<UserKey>;
  validateEncryptionSetup(): Promise<Report>;
  encryptMessage(conversation: string, text: string): Promise<Encrypted>;
  decryptMessage(conversation: string, envelope: string): Promise<MessageView>;
  rotateKeys(): Promise<Rotated>;
  /** Queues a file to be encrypted and sent to everyone in the conversation; answers its id. */
  encryptFile(conversation: string, file: File | ChosenFile): Promise<string>;
}

export function encryptionService(commands: Commands): EncryptionService {
  return {
    isInitialized: async () => (await commands.app_state()).state === "ready",
    debugInfo: () => commands.debug_info(),
    generateUserKeyPair: () => commands.user_encryption_key(),
    getUserEncryptionKey: () => commands.user_encryption_key(),
    validateEncryptionSetup: () => commands.validate_setup(),
    encryptMessage: (conversation, text) => commands.encrypt_message({ request: { conversation, text } }),
    decryptMessage: (conversation, envelope) => commands.decrypt_message({ request: { conversation, envelope } }),
    rotateKeys: () => commands.keys_rotate(),
    encryptFile: async (conversation, file) => {
      const source = file instanceof File ? await stage(commands, file) : fromPath(file);
      return commands.file_send({ request: toSend(conversation, source, FOR_EVERYONE) });
    },
  };
}
