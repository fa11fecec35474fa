//! The app in a real window, driven as WebDriver does: through the web view's own automation.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use thirtyfour::{By, Capabilities, Key, TypingData, WebDriver, WebElement, WindowHandle};

use crate::display::Display;
use crate::member::passphrase_of;
use crate::process::{PATIENCE, Running, free_port, isolated, make_home, program};

/// One instance of the app and its driver.
#[derive(Debug)]
pub struct Window {
    client: WebDriver,
    name: String,
    // Ends after the client has closed its session.
    driver: Running,
    // A screen of its own: a window under another one may not be painted.
    display: Display,
}

impl Window {
    /// Opens the app of `name` on a display of its own, with its home and logs under `folder/name`.
    ///
    /// # Errors
    /// If the driver or the app doesn't start.
    pub async fn open(folder: &Path, name: &str) -> Result<Self> {
        Self::open_with(folder, name, &[]).await
    }

    /// The same, and the app has these variables too.
    ///
    /// # Errors
    /// If the driver or the app doesn't start.
    pub async fn open_with(folder: &Path, name: &str, variables: &[(&str, &str)]) -> Result<Self> {
        let folder = folder.join(name);
        make_home(&folder)?;
        let display = Display::start(&folder.join("display"))?;
        let port = free_port()?;
        let mut command = isolated("WebKitWebDriver", &folder);
        command.arg(format!("--port={port}")).env("DISPLAY", display.name()).env("GDK_BACKEND", "x11");
        command.env("TAURI_WEBVIEW_AUTOMATION", "true").env("BEZEL_PASSPHRASE", passphrase_of(name));
        command.env("BEZEL_LOG", "trace").envs(variables.iter().copied());
        let mut driver = Running::start("WebKitWebDriver", &mut command, &folder.join("app.log"))?;
        driver.until("it listens", || Ok(TcpStream::connect(("127.0.0.1", port)).is_ok()))?;

        let options = json!({
            "binary": program("bezel-app")?,
            "args": ["--home", folder.join("home"), "--unlock", "passphrase"],
        });
        let capabilities: serde_json::Map<_, _> = [("webkitgtk:browserOptions".to_owned(), options)].into_iter().collect();
        // The driver is spoken to in the clear; its HTTP client wants a TLS provider all the same.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = WebDriver::builder(format!("http://127.0.0.1:{port}"), Capabilities::from(capabilities))
            .request_timeout(PATIENCE)
            .await
            .with_context(|| format!("opening the window of {name}\n{}", driver.log()))?;
        Ok(Self { client, name: name.to_owned(), driver, display })
    }

    /// Closes the window and ends its driver.
    ///
    /// # Errors
    /// If the session can't be closed.
    pub async fn close(self) -> Result<()> {
        self.client.quit().await?;
        drop(self.driver);
        drop(self.display);
        Ok(())
    }

    /// The process id of its driver, of which the app is a child.
    pub fn id(&self) -> u32 {
        self.driver.id()
    }

    /// Where a member of the tree whose `data-testid` is `id` is found; further conditions may follow in brackets.
    fn selector(id: &str) -> String {
        match id.split_once('[') {
            Some((id, rest)) => format!("[data-testid='{id}'][{rest}"),
            None => format!("[data-testid='{id}']"),
        }
    }

    async fn all(&self, id: &str) -> Result<Vec<WebElement>> {
        Ok(self.client.find_all(By::Css(Self::selector(id))).await?)
    }

    /// The element with this `data-testid`, once it is there.
    ///
    /// # Errors
    /// If it doesn't appear; with a picture of what was there instead.
    pub async fn find(&self, id: &str) -> Result<WebElement> {
        self.until(id, async || Ok(!self.all(id).await?.is_empty())).await?;
        self.all(id).await?.into_iter().next().with_context(|| format!("{id} came and went"))
    }

    /// Is there such an element now?
    ///
    /// # Errors
    /// If the window doesn't answer.
    pub async fn has(&self, id: &str) -> Result<bool> {
        Ok(!self.all(id).await?.is_empty())
    }

    /// Clicks it, once it can be clicked.
    ///
    /// # Errors
    /// If it doesn't appear or stays covered or disabled.
    pub async fn click(&self, id: &str) -> Result<()> {
        self.until(&format!("{id} to be clicked"), async || {
            let Some(element) = self.all(id).await?.into_iter().next() else { return Ok(false) };
            Ok(element.is_enabled().await.unwrap_or(false) && element.click().await.is_ok())
        })
        .await
    }

    /// The window that is driven now, to come back to.
    ///
    /// # Errors
    /// If the driver doesn't answer.
    pub async fn here(&self) -> Result<WindowHandle> {
        Ok(self.client.window().await?)
    }

    /// Presses a key where the hand is, as somebody does who knows the shortcuts.
    ///
    /// # Errors
    /// If the window doesn't answer.
    pub async fn press(&self, keys: impl Into<TypingData>) -> Result<()> {
        Ok(self.client.action_chain().send_keys(keys).perform().await?)
    }

    /// The same while another key is held.
    ///
    /// # Errors
    /// If the window doesn't answer.
    pub async fn press_with(&self, held: Key, key: char) -> Result<()> {
        Ok(self.client.action_chain().key_down(held.clone()).send_keys(key).key_up(held).perform().await?)
    }

    /// Drives another window of the app, once there is one whose address holds `part`.
    ///
    /// # Errors
    /// If it doesn't open.
    pub async fn go_to(&self, part: &str) -> Result<()> {
        // The one before may have closed.
        let before = self.here().await.ok();
        self.until(&format!("the window {part}"), async || {
            for window in self.client.windows().await? {
                // One may close while it is looked at.
                if self.client.switch_to_window(window).await.is_ok()
                    && self.client.current_url().await.is_ok_and(|url| url.as_str().contains(part))
                {
                    return Ok(true);
                }
            }
            if let Some(before) = &before {
                let _ = self.client.switch_to_window(before.clone()).await;
            }
            Ok(false)
        })
        .await
    }

    /// Drives the window that was driven before.
    ///
    /// # Errors
    /// If it has closed.
    pub async fn back_to(&self, window: &WindowHandle) -> Result<()> {
        Ok(self.client.switch_to_window(window.clone()).await?)
    }

    /// How many there are now.
    ///
    /// # Errors
    /// If the window doesn't answer.
    pub async fn count(&self, id: &str) -> Result<usize> {
        Ok(self.all(id).await?.len())
    }

    /// Types into it, in place of what it held.
    ///
    /// # Errors
    /// If it doesn't appear or can't be written to.
    pub async fn fill(&self, id: &str, text: &str) -> Result<()> {
        let element = self.find(id).await?;
        element.click().await?;
        let _ = element.clear().await;
        element.send_keys(text).await?;
        Ok(())
    }

    /// Its text.
    ///
    /// # Errors
    /// If it doesn't appear.
    pub async fn text(&self, id: &str) -> Result<String> {
        Ok(self.find(id).await?.text().await?)
    }

    /// The value of a field, or else its text.
    ///
    /// # Errors
    /// If it doesn't appear.
    pub async fn value(&self, id: &str) -> Result<String> {
        let element = self.find(id).await?;
        match element.prop("value").await? {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Ok(element.text().await?),
        }
    }

    /// Waits until one of the elements holds `text`.
    ///
    /// # Errors
    /// If none does; with what they hold and a picture.
    pub async fn see(&self, id: &str, text: &str) -> Result<()> {
        self.until(&format!("{id} with “{text}”"), async || {
            for element in self.all(id).await? {
                // `innerText` is what is rendered; the driver's own text is empty for buttons that lay out their content.
                if element.prop("innerText").await.is_ok_and(|held| held.is_some_and(|held| held.contains(text))) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
    }

    /// Waits until no such element is there.
    ///
    /// # Errors
    /// If it stays.
    pub async fn gone(&self, id: &str) -> Result<()> {
        self.until(&format!("{id} gone"), async || Ok(!self.has(id).await?)).await
    }

    /// Waits until `ready` holds.
    ///
    /// # Errors
    /// If it doesn't come to hold; with a picture.
    pub async fn until(&self, what: &str, ready: impl AsyncFn() -> Result<bool>) -> Result<()> {
        let started = tokio::time::Instant::now();
        while !ready().await? {
            if started.elapsed() > PATIENCE {
                let picture = self.picture(&format!("failed-{}", self.name)).await.map(|path| path.display().to_string());
                bail!("{}: waited in vain for {what} (picture: {picture:?})", self.name);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Chooses an item of the menu that is open, by its visible words.
    ///
    /// # Errors
    /// If there is none.
    pub async fn choose(&self, words: &str) -> Result<()> {
        let items = "*[@role='menuitem' or @role='menuitemradio' or @role='option' or self::button]";
        let path = format!("//{items}[contains(normalize-space(.), '{words}')]");
        self.until(&format!("the choice “{words}”"), async || {
            let Some(item) = self.client.find_all(By::XPath(path.as_str())).await?.into_iter().next() else { return Ok(false) };
            Ok(item.click().await.is_ok())
        })
        .await
    }

    /// Chooses the entry with these words of the list that is open, by key; nothing where it is not there yet.
    ///
    /// # Errors
    /// If the window doesn't answer.
    pub async fn enter_option(&self, words: &str) -> Result<()> {
        let path = format!("//*[@role='option'][contains(normalize-space(.), '{words}')]");
        if let Some(option) = self.client.find_all(By::XPath(path.as_str())).await?.into_iter().next() {
            // It may be gone by now.
            let _ = option.send_keys(Key::Enter).await;
        }
        Ok(())
    }

    /// Does the page hold this text anywhere?
    ///
    /// # Errors
    /// If the window doesn't answer.
    pub async fn shows(&self, text: &str) -> Result<bool> {
        Ok(self.client.source().await?.contains(text))
    }

    /// Runs a script in the page.
    ///
    /// # Errors
    /// If it throws.
    pub async fn script(&self, script: &str) -> Result<serde_json::Value> {
        Ok(self.client.execute(script, Vec::new()).await?.json().clone())
    }

    /// Runs a script in the page: `arguments[0]` takes what it answers.
    ///
    /// # Errors
    /// If it throws or does not answer.
    pub async fn script_async(&self, script: &str) -> Result<serde_json::Value> {
        Ok(self.client.execute_async(script, Vec::new()).await?.json().clone())
    }

    /// Waits until the page was painted as it now is.
    ///
    /// # Errors
    /// If the window doesn't answer.
    pub async fn painted(&self) -> Result<()> {
        let twice = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(true)));";
        self.script_async(twice).await?;
        Ok(())
    }

    /// Sizes the window, in points.
    ///
    /// # Errors
    /// If the driver refuses.
    pub async fn size(&self, width: u32, height: u32) -> Result<()> {
        Ok(self.client.set_window_rect(0, 0, width, height).await?)
    }

    /// Saves a picture of the page as `NAME.png` in the folder of pictures, and tells where.
    ///
    /// # Errors
    /// If it can't be taken or written.
    pub async fn picture(&self, name: &str) -> Result<PathBuf> {
        let folder = pictures()?;
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.png"));
        self.client.screenshot(&path).await?;
        Ok(path)
    }
}

/// The folder of pictures: `BEZEL_SCREENS`, or else `target/screens`.
pub(crate) fn pictures() -> Result<PathBuf> {
    match std::env::var_os("BEZEL_SCREENS") {
        Some(folder) => Ok(folder.into()),
        None => Ok(crate::process::built()?.join("../screens")),
    }
}
