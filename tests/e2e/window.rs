//! Two real windows and a relay: from the first run, over messages and a changed role, to a removal and a restart. The
//! pictures it takes on the way are kept, to be looked at.

use anyhow::{Result, ensure};
use bezel_tests::relay::Relay;
use bezel_tests::scene::{Stage, relay};
use bezel_tests::window::Window;

const FIRST: &str = "The sapphire for ring 2041 is here: 1.52 ct, no heat, a shade deeper than the photograph.";
const SECOND: &str = "Lovely. Mrs Aldaine comes on Thursday at eleven; can we show it loose beside the setting?";
const THIRD: &str = "Yes. I will lay out both settings, and the certificate.";

#[tokio::test(flavor = "multi_thread")]
async fn two_people_meet_write_and_part_in_two_windows() -> Result<()> {
    let stage = Stage::new("window")?;
    let relay = relay(&stage)?;
    let ana = Window::open(stage.path(), "ana").await?;
    ana.size(1280, 800).await?;
    found(&ana, &relay).await?;
    let link = invite(&ana).await?;
    let ben = Window::open(stage.path(), "ben").await?;
    ben.size(1280, 800).await?;
    join(&ben, &link).await?;

    talk(&ana, &ben).await?;
    pictures(&ana).await?;
    change_role(&ana, &ben).await?;
    remove(&ana, &ben).await?;

    // The next start shows what was there, by the cache.
    ana.close().await?;
    let ana = Window::open(stage.path(), "ana").await?;
    ana.click("conversation-item").await?;
    for text in [FIRST, SECOND, THIRD] {
        ana.see("message", text).await?;
    }
    ana.close().await?;
    ben.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_on_this_computer_needs_no_other_program() -> Result<()> {
    let stage = Stage::new("hosted")?;
    let lena = Window::open(stage.path(), "lena").await?;
    lena.size(1280, 800).await?;
    lena.click("door-create").await?;
    lena.fill("field-name", "Atelier Novak").await?;
    lena.fill("field-handle", "lena").await?;
    lena.click("submit").await?;
    lena.find("recovery-word").await?;
    lena.picture("recovery-words").await?;
    lena.click("recovery-later").await?;
    lena.click("conversation-new").await?;
    lena.fill("field-title", "Notes to myself").await?;
    lena.click("submit").await?;
    lena.fill("composer-input", FIRST).await?;
    lena.click("composer-send").await?;
    lena.see("message[data-state='sent']", FIRST).await?;
    lena.close().await?;

    // The relay starts again with the app, at the address that its members know.
    let lena = Window::open(stage.path(), "lena").await?;
    lena.click("conversation-item").await?;
    lena.see("message[data-state='sent']", FIRST).await?;
    lena.fill("composer-input", SECOND).await?;
    lena.click("composer-send").await?;
    lena.see("message[data-state='sent']", SECOND).await?;
    lena.close().await
}

/// F3, F4, F6, F7: a photograph, a PDF and a sound are dropped, seen and heard on the other side, followed in the log, and one is withdrawn.
#[tokio::test(flavor = "multi_thread")]
async fn a_photograph_a_pdf_and_a_note_are_dropped_seen_followed_and_withdrawn() -> Result<()> {
    let stage = Stage::new("window-files")?;
    let relay = relay(&stage)?;
    let ana = Window::open(stage.path(), "ana").await?;
    ana.size(1280, 800).await?;
    found(&ana, &relay).await?;
    let link = invite(&ana).await?;
    let ben = Window::open(stage.path(), "ben").await?;
    ben.size(1280, 800).await?;
    join(&ben, &link).await?;
    begin(&ana, &ben).await?;

    ana.script(DROP).await?;
    ana.until("the files are read", async || Ok(ana.count("attachment[data-state='ready']").await? == 3)).await?;
    ana.painted().await?;
    ana.picture("files-attached").await?;
    ana.click("composer-send").await?;
    ana.see("file[data-state='available']", "ring 2041.jpg").await?;
    for window in [&ana, &ben] {
        window.see("file[data-state='available']", "certificate.pdf").await?;
        window.see("file[data-state='available']", "note.wav").await?;
    }
    ben.find("file-thumbnail").await?;
    ben.painted().await?;
    ben.picture("files-received").await?;
    let width =
        "const image = document.querySelector('[data-testid=preview-image]'); return image && image.complete ? image.naturalWidth : 0;";
    ben.click("file-preview[aria-label='Open ring 2041.jpg']").await?;
    ben.until("the photograph is drawn whole", async || Ok(ben.script(width).await?.as_u64() == Some(1200))).await?;
    ben.painted().await?;
    ben.picture("files-photograph").await?;
    ben.click("preview-close").await?;
    ben.gone("preview").await?;
    ben.click("file-preview[aria-label='Open certificate.pdf']").await?;
    ben.find("preview-pdf-page[data-drawn='true']").await?;
    ben.painted().await?;
    ben.picture("files-pdf").await?;
    ben.click("preview-close").await?;
    ben.gone("preview").await?;

    // Sound is fetched by ranges, and one can move about in it.
    ben.click("file-preview[aria-label='Open note.wav']").await?;
    ben.find("preview-audio").await?;
    ben.until("the length of the note is known", async || Ok(ben.script(&format!("return {NOTE}.duration")).await?.as_f64() == Some(4.0)))
        .await?;
    ben.script(&format!("{NOTE}.currentTime = 3")).await?;
    let there = format!("return !{NOTE}.seeking && {NOTE}.currentTime === 3");
    ben.until("it stands at the third second", async || Ok(ben.script(&there).await? == true)).await?;
    ben.click("preview-close").await?;
    ben.gone("preview").await?;

    // The sender sees who looked: the device's own signature, and the relay's word.
    ana.click("file-menu[aria-label*='ring 2041.jpg']").await?;
    ana.click("file-log").await?;
    ana.find("log-line[data-action='preview'][data-proof='signed']").await?;
    ana.find("log-line[data-action='preview'][data-proof='relay']").await?;
    ana.painted().await?;
    ana.picture("files-log").await?;
    ana.click("dialog-close").await?;
    ana.gone("log-line").await?;

    ana.click("file-menu[aria-label*='ring 2041.jpg']").await?;
    ana.click("file-withdraw").await?;
    ana.click("withdraw-confirm").await?;
    for window in [&ana, &ben] {
        window.see("file[data-state='revoked']", "ring 2041.jpg").await?;
    }
    ben.click("nav-files").await?;
    ben.see("file-tile[data-state='available']", "certificate.pdf").await?;
    ben.painted().await?;
    ben.painted().await?;
    ben.picture("files-gallery").await?;
    ana.close().await?;
    ben.close().await
}

const NOTE: &str = "document.querySelector('[data-testid=preview-audio]')";

/// Draws a photograph, writes a PDF of one page (ISO 32000-1 §7.5) and four seconds of a tone (RIFF WAVE), and drops all of them on the conversation as other programs do.
const DROP: &str = r"
    const canvas = Object.assign(document.createElement('canvas'), { width: 1200, height: 900 });
    const pen = canvas.getContext('2d');
    const light = pen.createRadialGradient(600, 430, 60, 600, 450, 620);
    light.addColorStop(0, '#9fb8ea'); light.addColorStop(0.4, '#3a5fa8'); light.addColorStop(1, '#d9cfbc');
    pen.fillStyle = light; pen.fillRect(0, 0, 1200, 900);
    const bytes = Uint8Array.from(atob(canvas.toDataURL('image/jpeg', 0.9).split(',')[1]), (c) => c.charCodeAt(0));
    const body = 'BT /F1 32 Tf 72 720 Td (Certificate 20-41187) Tj ET';
    const objects = ['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
        '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
        `<< /Length ${body.length} >>\nstream\n${body}\nendstream`, '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'];
    let pdf = '%PDF-1.4\n';
    const places = objects.map((object, at) => { const place = pdf.length; pdf += `${at + 1} 0 obj\n${object}\nendobj\n`; return place; });
    const table = pdf.length;
    pdf += 'xref\n0 6\n0000000000 65535 f \n' + places.map((place) => `${String(place).padStart(10, '0')} 00000 n \n`).join('');
    pdf += `trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n${table}\n%%EOF`;
    const rate = 8000, length = 4 * rate;
    const wave = new DataView(new ArrayBuffer(44 + 2 * length));
    const say = (at, text) => [...text].forEach((c, each) => wave.setUint8(at + each, c.charCodeAt(0)));
    say(0, 'RIFF'); wave.setUint32(4, 36 + 2 * length, true); say(8, 'WAVEfmt '); wave.setUint32(16, 16, true);
    wave.setUint16(20, 1, true); wave.setUint16(22, 1, true); wave.setUint32(24, rate, true); wave.setUint32(28, 2 * rate, true);
    wave.setUint16(32, 2, true); wave.setUint16(34, 16, true); say(36, 'data'); wave.setUint32(40, 2 * length, true);
    for (let at = 0; at < length; at += 1) wave.setInt16(44 + 2 * at, 9000 * Math.sin(at * 440 * 2 * Math.PI / rate), true);
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], 'ring 2041.jpg', { type: 'image/jpeg' }));
    transfer.items.add(new File([pdf], 'certificate.pdf', { type: 'application/pdf' }));
    transfer.items.add(new File([wave.buffer], 'note.wav', { type: 'audio/wav' }));
    const drop = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: transfer });
    document.querySelector('[data-testid=conversation-drop]').dispatchEvent(drop);
    return transfer.files.length;
";

/// The first door: a workspace, by name and handle.
async fn found(ana: &Window, relay: &Relay) -> Result<()> {
    ana.find("door-create").await?;
    ana.painted().await?;
    ana.picture("first-run").await?;
    ana.click("door-create").await?;
    ana.fill("field-name", "Maison Lune").await?;
    ana.fill("field-handle", "ana").await?;
    ana.click("more").await?;
    ana.fill("field-relay", &relay.url()).await?;
    ana.click("submit").await?;
    ana.find("recovery-word").await?;
    ana.click("recovery-later").await?;
    ana.find("conversation-new").await?;
    Ok(())
}

/// An invitation, made where people are looked after.
async fn invite(ana: &Window) -> Result<String> {
    ana.click("nav-people").await?;
    ana.click("invite-open").await?;
    ana.click("invite-create").await?;
    let link = ana.value("invite-link").await?;
    ana.click("dialog-close").await?;
    ensure!(link.contains('#'), "the secret of an invitation is in the fragment: {link}");
    Ok(link)
}

/// The second door: by that invitation.
async fn join(ben: &Window, link: &str) -> Result<()> {
    ben.click("door-join").await?;
    ben.fill("field-link", link).await?;
    ben.fill("field-handle", "ben").await?;
    ben.click("submit").await?;
    ben.find("recovery-word").await?;
    ben.click("recovery-later").await?;
    ben.find("conversation-new").await?;
    Ok(())
}

/// A conversation of both, open in both windows.
async fn begin(ana: &Window, ben: &Window) -> Result<()> {
    ana.see("people-row[data-handle='ben']", "ben").await?;
    ana.click("nav-conversations").await?;
    ana.click("conversation-new").await?;
    ana.fill("field-title", "Ring 2041").await?;
    ana.click("person-option[data-handle='ben']").await?;
    ana.click("submit").await?;
    ana.find("hallmark").await?;
    ben.see("conversation-item", "Ring 2041").await?;
    ben.click("conversation-item").await
}

/// Messages both ways; each shows as sent, and then on the other side.
async fn talk(ana: &Window, ben: &Window) -> Result<()> {
    begin(ana, ben).await?;
    ana.fill("composer-input", FIRST).await?;
    ana.click("composer-send").await?;
    ana.see("message[data-state='sent']", FIRST).await?;
    ben.see("message", FIRST).await?;
    ben.fill("composer-input", SECOND).await?;
    ben.click("composer-send").await?;
    ana.see("message", SECOND).await?;
    ana.fill("composer-input", THIRD).await?;
    ana.click("composer-send").await?;
    ben.see("message", THIRD).await
}

/// The main window and its details, light and dark.
async fn pictures(ana: &Window) -> Result<()> {
    for theme in ["light", "dark"] {
        ana.click("nav-settings").await?;
        ana.click(&format!("theme-{theme}")).await?;
        ana.picture(&format!("settings-{theme}")).await?;
        ana.click("nav-people").await?;
        ana.find("people-row").await?;
        ana.picture(&format!("people-{theme}")).await?;
        ana.click("nav-conversations").await?;
        ana.click("conversation-item").await?;
        ana.see("message", THIRD).await?;
        ana.picture(&format!("main-{theme}")).await?;
        ana.click("details-toggle").await?;
        ana.find("member-row").await?;
        ana.picture(&format!("details-{theme}")).await?;
        ana.click("details-toggle").await?;
        ana.gone("member-row").await?;
    }
    Ok(())
}

/// A reader may read: ben's composer says so.
async fn change_role(ana: &Window, ben: &Window) -> Result<()> {
    ana.click("details-toggle").await?;
    ana.click("member-menu[data-handle='ben']").await?;
    ana.choose("Read only").await?;
    ana.see("member-row[data-handle='ben']", "Read only").await?;
    ben.gone("composer-send").await
}

/// Gone from the conversation, with new keys at once.
async fn remove(ana: &Window, ben: &Window) -> Result<()> {
    ana.click("member-menu[data-handle='ben']").await?;
    ana.choose("Remove").await?;
    if ana.has("confirm").await? {
        ana.click("confirm").await?;
    }
    ana.gone("member-row[data-handle='ben']").await?;
    ana.fill("composer-input", "Between us.").await?;
    ana.click("composer-send").await?;
    ana.see("message[data-state='sent']", "Between us.").await?;
    ensure!(!ben.shows("Between us.").await?, "a removed member sees nothing of what comes after");
    Ok(())
}
