import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Choice } from "../../components/Choice";
import { Dialog } from "../../components/Dialog";
import { Problem } from "../../components/States";
import { type ConversationDetails, type Role, useAction, usePeople } from "../../data/client";

const ROLES: Role[] = ["admin", "member", "read_only", "guest"];

export function AddPerson({ details, onClose }: { details: ConversationDetails; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const inside = new Set(details.members.map((member) => member.user));
  const people = (usePeople().data ?? []).filter((person) => person.status === "active" && !inside.has(person.user));
  const [chosen, setChosen] = useState<string | null>(null);
  const [role, setRole] = useState<Role>("member");
  const user = chosen ?? people[0]?.user ?? null;
  const add = useAction((commands, who: string) =>
    commands.conversation_add({ request: { conversation: details.id, user: who, role } }),
  );
  return (
    <Dialog
      title={t("details.addTitle", { title: details.title })}
      lead={people.length === 0 ? t("details.everybody") : undefined}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t("app.cancel")}</Button>
          <Button
            kind="primary"
            testId="submit"
            isDisabled={!user || add.isPending}
            onPress={() => {
              if (user) add.mutate(user, { onSuccess: onClose });
            }}
          >
            {t("details.add")}
          </Button>
        </>
      }
    >
      {user ? (
        <>
          <Choice
            label={t("people.title")}
            value={user}
            options={people.map((person) => ({ value: person.user, label: person.handle }))}
            onChange={setChosen}
          />
          <Choice
            label={t("people.inviteRole")}
            value={role}
            options={ROLES.map((each) => ({ value: each, label: t(`role.${each}`) }))}
            onChange={setRole}
          />
        </>
      ) : null}
      <Problem error={add.error} />
    </Dialog>
  );
}
