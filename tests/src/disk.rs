//! [`Disk`]: a small disk of its own under a gateway's data folder, a file system in a file (ext4 on a loop device). It can
//! be filled; it can turn read-only under files that are open, as a disk does that fails; and the power can go: what had not
//! reached it by then is gone.
//!
//! Mounting takes root: tests run as root, or where `sudo` asks for no password; elsewhere they fail and say so.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::wait_until;

/// A disk, mounted.
#[derive(Debug)]
pub struct Disk {
    image: PathBuf,
    mounted_at: PathBuf,
    _folder: TempDir,
}

/// What had reached a [`Disk`] at some time.
#[derive(Debug)]
pub struct Reached(PathBuf);

impl Disk {
    /// Makes a disk of `bytes`, mounts it, and makes `place` a link to it.
    ///
    /// # Panics
    /// When that is not allowed; says what it takes.
    pub fn under(place: &Path, bytes: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (image, mounted_at) = (folder.path().join("image"), folder.path().join("disk"));
        File::create(&image).and_then(|file| file.set_len(bytes)).expect("the folder is ours");
        std::fs::create_dir(&mounted_at).expect("the folder is ours");
        std::os::unix::fs::symlink(&mounted_at, place).expect("nothing is there yet");
        // Without room that is kept for root: the gateway of a test may be root.
        let made = Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(&image).output();
        succeeded("mkfs.ext4 (apt-get install e2fsprogs)", made);
        let disk = Self { image, mounted_at, _folder: folder };
        disk.attach();
        disk
    }

    fn attach(&self) {
        succeeded(
            "mount -o loop",
            // The file system's own journal is written when somebody syncs, and not by the clock: what was not asked for is not there.
            as_root("mount").args(["-o", "loop,commit=300"]).arg(&self.image).arg(&self.mounted_at).output(),
        );
        let user = String::from_utf8(Command::new("id").arg("-u").output().expect("id is there").stdout);
        let user = user.expect("a number").trim().to_owned();
        succeeded("chown", as_root("chown").arg(&user).arg(&self.mounted_at).output());
    }

    fn ballast(&self) -> PathBuf {
        self.mounted_at.join("ballast")
    }

    /// Takes all the room that there is now. Whoever gives room back later can use it again: fill it once more.
    pub fn fill(&self) {
        use std::io::Write;
        let mut file = File::options().create(true).append(true).open(self.ballast()).expect("the disk takes a file");
        // Large pieces first, then what is left between them.
        for piece in [1 << 20, 4 << 10] {
            let bytes = vec![0xa5; piece];
            while file.write_all(&bytes).is_ok() {}
        }
    }

    /// Gives the room back.
    pub fn empty(&self) {
        let _ = std::fs::remove_file(self.ballast());
    }

    /// Turns read-only, open files or not, as a disk that fails.
    pub fn fail(&self) {
        succeeded(
            "mount -o remount,abort",
            as_root("mount").args(["-o", "remount,abort"]).arg(&self.mounted_at).output(),
        );
    }

    /// What has reached the disk, while nobody writes: all that was synced, and whatever the system wrote of the rest, in any order.
    pub fn reached(&self) -> Reached {
        let copy = self.image.with_extension("reached");
        std::fs::copy(&self.image, &copy).expect("there is room for a copy");
        Reached(copy)
    }

    /// The power went when only that had reached the disk: it is put right and mounted again.
    pub fn after_power_cut(&self, reached: Reached) {
        self.detach();
        std::fs::rename(&reached.0, &self.image).expect("both are ours");
        self.check_and_attach();
    }

    /// Is put right and mounted again: what was synced is there. No process may have files open on it.
    pub fn mend(&self) {
        self.detach();
        self.check_and_attach();
    }

    fn detach(&self) {
        wait_until("the failed disk to be let go", || {
            let done = as_root("umount").arg(&self.mounted_at).output().expect("umount is there");
            done.status.success().then_some(())
        });
    }

    fn check_and_attach(&self) {
        // Exit 1 says that something was mended.
        let checked = Command::new("e2fsck").args(["-p", "-f"]).arg(&self.image).output().expect("e2fsck is there");
        assert!(checked.status.code().is_some_and(|code| code <= 1), "e2fsck: {checked:?}");
        self.attach();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whoever has files open still goes with the test's process.
        let _ = as_root("umount").arg("--lazy").arg(&self.mounted_at).output();
    }
}

fn as_root(program: &str) -> Command {
    let own = Command::new("id").arg("-u").output().expect("id is there");
    if own.stdout.trim_ascii() == b"0" {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["-n", program]);
    command
}

fn succeeded(what: &str, output: std::io::Result<Output>) {
    let output = output.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(
        output.status.success(),
        "{what} failed: {}\nThis test fills a small disk and lets it fail: it needs root, or sudo without a password, and \
         a loop device.",
        String::from_utf8_lossy(&output.stderr).trim()
    );
}
