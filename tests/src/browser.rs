//! A client's browser: Chromium without a window, with a pretended camera and microphone, driven as WebDriver does.

use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use thirtyfour::{By, Capabilities, WebDriver};

use crate::process::{PATIENCE, Running, free_port, isolated, make_home};
use crate::window::pictures;

/// A browser and its driver.
#[derive(Debug)]
pub struct Browser {
    client: WebDriver,
    name: String,
    // Ends after the client has closed its session.
    driver: Running,
}

/// Chromium asks many a host as soon as it starts; nothing here may.
const FLAGS: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream=fps=30",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    // Members and guests are on one machine here.
    "--allow-loopback-in-peer-connection",
    "--lang=en-GB",
];

impl Browser {
    /// Opens a browser with a profile of its own under `folder/name`, as large as said.
    ///
    /// # Errors
    /// If the driver or the browser doesn't start.
    pub async fn open(folder: &Path, name: &str, (width, height): (u32, u32)) -> Result<Self> {
        let folder = folder.join(name);
        make_home(&folder)?;
        let port = free_port()?;
        let mut command = isolated("chromedriver", &folder);
        command.arg(format!("--port={port}"));
        let mut driver = Running::start("chromedriver", &mut command, &folder.join("browser.log"))?;
        driver.until("it listens", || Ok(TcpStream::connect(("127.0.0.1", port)).is_ok()))?;
        let mut flags: Vec<String> = FLAGS.iter().map(|&flag| flag.to_owned()).collect();
        flags.push(format!("--window-size={width},{height}"));
        flags.push(format!("--user-data-dir={}", folder.join("profile").display()));
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": "/usr/bin/chromium", "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else { bail!("capabilities are an object") };
        // The driver is spoken to in the clear; its HTTP client wants a TLS provider all the same.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = WebDriver::builder(format!("http://127.0.0.1:{port}"), Capabilities::from(capabilities))
            .request_timeout(PATIENCE)
            .await
            .with_context(|| format!("opening the browser of {name}\n{}", driver.log()))?;
        Ok(Self { client, name: name.to_owned(), driver })
    }

    /// Opens one whose person, of this name, asks to come in by a link.
    ///
    /// # Errors
    /// If the page doesn't let them ask.
    pub async fn knock(folder: &Path, name: &str, url: &str, person: &str) -> Result<Self> {
        let browser = Self::open(folder, name, (1280, 800)).await?;
        browser.go(url).await?;
        browser.ask(person).await?;
        Ok(browser)
    }

    /// At the door of a call: turns camera and microphone on, and asks to come in by this name.
    ///
    /// # Errors
    /// If the page doesn't let them ask.
    pub async fn ask(&self, person: &str) -> Result<()> {
        self.click("[data-testid='turn-on']").await?;
        self.fill("[data-testid='name']", person).await?;
        self.click("[data-testid='ask']").await
    }

    /// Goes to a page.
    ///
    /// # Errors
    /// If it can't be loaded.
    pub async fn go(&self, url: &str) -> Result<()> {
        Ok(self.client.goto(url).await?)
    }

    /// Waits until the page has an element for this CSS selector that can be seen.
    ///
    /// # Errors
    /// If it doesn't come; with a picture of what was there instead.
    pub async fn see(&self, selector: &str) -> Result<()> {
        self.until(selector, async || {
            let Some(element) = self.client.find_all(By::Css(selector)).await?.into_iter().next() else { return Ok(false) };
            Ok(element.is_displayed().await.unwrap_or(false))
        })
        .await
    }

    /// Clicks it, once it can be clicked.
    ///
    /// # Errors
    /// If it doesn't appear or stays covered or disabled.
    pub async fn click(&self, selector: &str) -> Result<()> {
        self.until(&format!("{selector} to be clicked"), async || {
            let Some(element) = self.client.find_all(By::Css(selector)).await?.into_iter().next() else { return Ok(false) };
            Ok(element.is_enabled().await.unwrap_or(false) && element.click().await.is_ok())
        })
        .await
    }

    /// Types into it.
    ///
    /// # Errors
    /// If it doesn't appear or can't be written to.
    pub async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        self.see(selector).await?;
        let element = self.client.find(By::Css(selector)).await?;
        element.clear().await?;
        Ok(element.send_keys(text).await?)
    }

    /// What the element holds as text.
    ///
    /// # Errors
    /// If it doesn't appear.
    pub async fn text(&self, selector: &str) -> Result<String> {
        self.see(selector).await?;
        Ok(self.client.find(By::Css(selector)).await?.text().await?)
    }

    /// Runs a script in the page: `arguments[0]` takes what it answers.
    ///
    /// # Errors
    /// If it throws or does not answer.
    pub async fn script(&self, script: &str) -> Result<Value> {
        Ok(self.client.execute_async(script, Vec::new()).await?.json().clone())
    }

    /// Waits until `ready` holds.
    ///
    /// # Errors
    /// If it doesn't come to hold; with a picture.
    pub async fn until(&self, what: &str, ready: impl AsyncFn() -> Result<bool>) -> Result<()> {
        let started = tokio::time::Instant::now();
        while !ready().await? {
            if started.elapsed() > PATIENCE {
                let name = format!("failed-{}", self.name);
                let picture = self.picture(&name).await.map(|()| name);
                bail!("{}: waited in vain for {what} (picture: {picture:?})", self.name);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Saves a picture of the page as `NAME.png` in the folder of pictures.
    ///
    /// # Errors
    /// If it can't be taken or written.
    pub async fn picture(&self, name: &str) -> Result<()> {
        let folder = pictures()?;
        std::fs::create_dir_all(&folder)?;
        Ok(self.client.screenshot(&folder.join(format!("{name}.png"))).await?)
    }

    /// Makes the page as wide and high as said, in points.
    ///
    /// # Errors
    /// If the driver refuses.
    pub async fn size(&self, width: u32, height: u32) -> Result<()> {
        Ok(self.client.set_window_rect(0, 0, width, height).await?)
    }

    /// Closes the browser and ends its driver.
    ///
    /// # Errors
    /// If the session can't be closed.
    pub async fn close(self) -> Result<()> {
        self.client.quit().await?;
        drop(self.driver);
        Ok(())
    }
}
