import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Field } from "../../components/Field";
import { Problem } from "../../components/States";
import { useAction } from "../../data/client";

const WORDS = 24;
const ASKED = 3;

/** Three different places, in order. */
function places(): number[] {
  const chosen = new Set<number>();
  while (chosen.size < ASKED) chosen.add((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % WORDS);
  return [...chosen].sort((a, b) => a - b);
}

/** Asks for three of the recovery words. */
export function RecoveryCheck({ onClose, onDone }: { onClose: () => void; onDone?: () => void }): ReactNode {
  const { t } = useTranslation();
  const [asked] = useState(places);
  const [words, setWords] = useState<Record<number, string>>({});
  const confirm = useAction((commands, answers: { index: number; word: string }[]) =>
    commands.recovery_confirm({ request: { answers } }),
  );
  const complete = asked.every((index) => (words[index] ?? "").trim() !== "");
  return (
    <Dialog
      title={t("recovery.check")}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t("app.cancel")}</Button>
          <Button
            kind="primary"
            testId="recovery-confirm"
            isDisabled={!complete || confirm.isPending}
            onPress={() => {
              confirm.mutate(
                asked.map((index) => ({ index, word: words[index] ?? "" })),
                { onSuccess: onDone ?? onClose },
              );
            }}
          >
            {t("recovery.confirm")}
          </Button>
        </>
      }
    >
      {asked.map((index) => (
        <Field
          key={index}
          label={t("recovery.word", { number: index + 1 })}
          value={words[index] ?? ""}
          onChange={(word) => {
            setWords({ ...words, [index]: word });
          }}
        />
      ))}
      <Problem error={confirm.error} />
    </Dialog>
  );
}
