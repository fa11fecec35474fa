import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/Avatar";
import { Button } from "../../components/Button";
import { Checkbox } from "../../components/Checkbox";
import { Choice } from "../../components/Choice";
import { Dialog } from "../../components/Dialog";
import { Field } from "../../components/Field";
import { Problem } from "../../components/States";
import { type Algorithm, type Created, type Role, useAction, usePeople, useSettings } from "../../data/client";
import styles from "./NewConversation.module.css";

const ROLES: Role[] = ["owner", "admin", "member", "read_only", "guest"];

export function NewConversation({
  onClose,
  onBegun,
}: {
  onClose: () => void;
  onBegun: (id: string) => void;
}): ReactNode {
  const { t } = useTranslation();
  const people = (usePeople().data ?? []).filter((person) => !person.me && person.status === "active");
  const settings = useSettings().data;
  const [title, setTitle] = useState("");
  const [chosen, setChosen] = useState<Record<string, Role>>({});
  const [algorithm, setAlgorithm] = useState<Algorithm | null>(null);
  const begin = useAction<undefined, Created>((commands) =>
    commands.conversation_create({
      request: { title, members: Object.entries(chosen).map(([user, role]) => ({ user, role })), algorithm },
    }),
  );
  const toggle = (user: string): void => {
    const rest = Object.fromEntries(Object.entries(chosen).filter(([each]) => each !== user));
    setChosen(user in chosen ? rest : { ...chosen, [user]: "member" });
  };
  return (
    <Dialog
      title={t("newConversation.title")}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t("app.cancel")}</Button>
          <Button
            kind="primary"
            testId="submit"
            isDisabled={title.trim() === "" || begin.isPending}
            onPress={() => {
              begin.mutate(undefined, {
                onSuccess: (created) => {
                  onBegun(created.conversation);
                },
              });
            }}
          >
            {t("newConversation.create")}
          </Button>
        </>
      }
    >
      <Field
        label={t("newConversation.name")}
        placeholder={t("newConversation.namePlaceholder")}
        testId="field-title"
        value={title}
        onChange={setTitle}
        autoFocus
      />
      <div className={styles["group"]} role="group" aria-label={t("newConversation.people")}>
        <span className={styles["label"]}>{t("newConversation.people")}</span>
        {people.length === 0 ? (
          <p>{t("newConversation.nobody")}</p>
        ) : (
          <div className={styles["people"]}>
            {people.map((person) => (
              <div key={person.user} className={styles["person"]}>
                <Checkbox
                  testId="person-option"
                  handle={person.handle}
                  isSelected={person.user in chosen}
                  onChange={() => {
                    toggle(person.user);
                  }}
                >
                  <Avatar small name={person.handle} />
                  {person.handle}
                </Checkbox>
                {chosen[person.user] ? (
                  <Choice
                    hideLabel
                    label={t("newConversation.role", { handle: person.handle })}
                    value={chosen[person.user] ?? "member"}
                    options={ROLES.map((role) => ({ value: role, label: t(`role.${role}`) }))}
                    onChange={(role) => {
                      setChosen({ ...chosen, [person.user]: role });
                    }}
                  />
                ) : null}
              </div>
            ))}
          </div>
        )}
      </div>
      <Choice
        label={t("newConversation.encryption")}
        value={algorithm ?? settings?.default_algorithm ?? "aes_256_gcm"}
        options={[
          { value: "aes_256_gcm", label: "AES-256-GCM" },
          { value: "chacha20_poly1305", label: "ChaCha20-Poly1305" },
        ]}
        onChange={setAlgorithm}
      />
      <Problem error={begin.error} />
    </Dialog>
  );
}
