//! A folder of the system's temporary one with the configuration for a running sandbox and schemes, to run the
//! program in.

use std::io;
use std::path::{Path, PathBuf};

use crate::sandbox::access::configuration;
use crate::sandbox::running::Running;

/// The folder; removed with its value unless it is kept.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Folder {
    /// Makes the folder, which only its owner may enter, with `deltaferry.yaml` and the schemes by name and text.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn make<'a>(
        kind: &str,
        sandbox: &Running,
        schemes: impl IntoIterator<Item = (&'a str, String)>,
    ) -> io::Result<Self> {
        let path =
            std::env::temp_dir().join(format!("deltaferry-{kind}-{}-{:08x}", std::process::id(), fastrand::u32(..)));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        let folder = Self { path, kept: false };
        let url = |system| sandbox.url(system).unwrap_or_default();
        let text = configuration(&url("jushuitan"), &url("kingdee"), &url("okki"));
        std::fs::write(folder.configuration(), text)?;
        std::fs::create_dir(folder.path.join("schemes"))?;
        for (name, text) in schemes {
            std::fs::write(folder.path.join("schemes").join(format!("{name}.yaml")), text)?;
        }
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The configuration's file.
    pub fn configuration(&self) -> PathBuf {
        self.path.join("deltaferry.yaml")
    }

    /// Leaves it on the disk.
    pub fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            // What is left over lies in the system's temporary folder.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
