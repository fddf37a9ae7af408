//! The program's command line: every command with its arguments, and what `--help` says of them. What they do is for
//! `main`.

use std::path::PathBuf;

use anyhow::Context;
use city_gateway::audit::cli::AuditCommand;
use city_gateway::demo::DemoArgs;
use city_gateway::import::ImportArgs;
use city_gateway::keys::cli::CaCommand;
use city_gateway::people::cli::{TokenCommand, UserCommand};
use city_gateway::reading::NodeId;
use city_gateway::registry::cli::NodeCommand;
use clap::{Parser, Subcommand, ValueEnum};

/// IoT gateway of a smart city: takes what sensors send, keeps it safe, sums it up, hands it on.
#[derive(Parser)]
#[command(version, about, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    /// How the log is written, on standard error; RUST_LOG sets its level
    #[arg(long, global = true, value_enum, default_value_t = Log::Text)]
    pub(super) log: Log,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Log {
    Text,
    Json,
}

#[derive(clap::Args)]
pub(super) struct ConfigFile {
    /// The configuration; config/gateway.toml explains every key
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,
}

/// The configuration, before or after the words of a command that has further ones.
#[derive(clap::Args)]
pub(super) struct ConfigAnywhere {
    /// The configuration; config/gateway.toml explains every key
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Run the gateway
    Run {
        #[command(flatten)]
        file: ConfigFile,
        /// Where the demonstration's tour is; said by its supervisor alone
        #[arg(long, hide = true)]
        tour: Option<String>,
    },
    /// Show a small demonstration city: real measurements replayed, the rest simulated, nothing leaves this machine
    Demo(DemoArgs),
    /// Take the history of another network: daily values from a table
    Import {
        #[command(flatten)]
        file: ConfigFile,
        #[command(flatten)]
        args: ImportArgs,
    },
    /// Check the configuration and the catalogues: every problem with its file, line and key
    Check {
        #[command(flatten)]
        file: ConfigFile,
    },
    /// Print the JSON schema of the configuration, for editors
    Schema,
    /// Add, list, show, change and revoke nodes
    Node {
        #[command(flatten)]
        file: ConfigAnywhere,
        #[command(subcommand)]
        command: Box<NodeCommand>,
    },
    /// The gateway's own authority, which gives nodes their certificates
    Ca {
        #[command(flatten)]
        file: ConfigFile,
        #[command(subcommand)]
        command: CaCommand,
    },
    /// Add, list, block and erase people, and give them links to sign in
    User {
        #[command(flatten)]
        file: ConfigAnywhere,
        #[command(subcommand)]
        command: Box<UserCommand>,
    },
    /// Make, list and revoke tokens of other systems, which read
    Token {
        #[command(flatten)]
        file: ConfigAnywhere,
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Look at the audit log, and whether it is what was written
    Audit {
        #[command(flatten)]
        file: ConfigAnywhere,
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Hold what is remembered of equipment against its steps
    Equipment {
        #[command(flatten)]
        file: ConfigAnywhere,
        #[command(subcommand)]
        command: EquipmentCommand,
    },
    /// Print what this program is made of: every crate with its version and SHA-256, as CycloneDX
    Sbom,
    /// What the gateway holds of people
    Data {
        #[command(flatten)]
        file: ConfigAnywhere,
        #[command(subcommand)]
        command: DataCommand,
    },
    /// Copy everything to a folder, while the gateway runs or not; it holds secrets, keep it as you keep those
    Backup {
        #[command(flatten)]
        file: ConfigFile,
        /// A new or empty folder
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
    /// Take a backup back into an empty data folder; the gateway does not run
    Restore {
        #[command(flatten)]
        file: ConfigFile,
        /// The backup
        #[arg(long, value_name = "FOLDER")]
        from: PathBuf,
        /// Only look whether the backup is whole
        #[arg(long)]
        verify: bool,
    },
    /// Look at the journal
    Journal {
        #[command(subcommand)]
        command: JournalCommand,
    },
    /// Show what would become of a message, step by step; nothing is stored
    Decode {
        #[command(flatten)]
        file: ConfigFile,
        /// The topic it came on
        #[arg(long)]
        topic: String,
        #[command(flatten)]
        payload: Payload,
        /// When it came, as RFC 3339; now unless told
        #[arg(long, value_name = "TIME")]
        received_at: Option<jiff::Timestamp>,
    },
    /// Look at what could not be used
    Rejections {
        #[command(flatten)]
        file: ConfigFile,
        /// Of this node only
        #[arg(long)]
        node: Option<NodeIdArgument>,
        /// How many, newest first
        #[arg(long, default_value_t = 20)]
        top: usize,
    },
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Payload {
    /// Its bytes, as text
    #[arg(long, value_name = "TEXT")]
    payload: Option<String>,
    /// Its bytes, in hexadecimal
    #[arg(long, value_name = "HEX", value_parser = from_hex)]
    payload_hex: Option<Bytes>,
    /// A file that holds them
    #[arg(long, value_name = "FILE")]
    payload_file: Option<PathBuf>,
}

#[derive(Clone)]
pub(super) struct Bytes(Vec<u8>);

fn from_hex(text: &str) -> Result<Bytes, String> {
    let digits: Vec<u32> = text.chars().filter(|c| !c.is_whitespace()).map_while(|c| c.to_digit(16)).collect();
    if !digits.len().is_multiple_of(2) || digits.len() != text.chars().filter(|c| !c.is_whitespace()).count() {
        return Err("pairs of hexadecimal digits are expected".into());
    }
    Ok(Bytes(digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()))
}

impl Payload {
    /// The bytes, wherever they are.
    pub(super) fn read(self) -> anyhow::Result<Vec<u8>> {
        match self {
            Self { payload: Some(text), .. } => Ok(text.into_bytes()),
            Self { payload_hex: Some(Bytes(bytes)), .. } => Ok(bytes),
            Self { payload_file: Some(file), .. } => {
                std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))
            }
            _ => unreachable!("clap asks for one of them"),
        }
    }
}

#[derive(Subcommand)]
pub(super) enum EquipmentCommand {
    /// Make every piece's state anew from its steps, and say which differ; beside a running gateway too
    Verify,
}

#[derive(Subcommand)]
pub(super) enum DataCommand {
    /// Print the register of personal data: what, why, by which right, how long
    Register,
}

#[derive(Subcommand)]
pub(super) enum JournalCommand {
    /// Read the whole journal and say whether it is sound; beside a running gateway too
    Verify {
        #[command(flatten)]
        file: ConfigFile,
    },
    /// Get the sound records out of a damaged journal, or of segments found elsewhere; FOLDER is only read
    Salvage {
        /// Where the segments are, whatever their names; a gateway's are in data_dir/journal
        folder: PathBuf,
        #[command(flatten)]
        to: SalvageTo,
    },
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct SalvageTo {
    /// A new folder: a journal that a gateway can go on with
    #[arg(long, value_name = "FOLDER")]
    pub(super) into: Option<PathBuf>,
    /// A file of JSON lines, one a record; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(super) lines: Option<PathBuf>,
}

#[derive(Clone)]
pub(super) struct NodeIdArgument(pub(super) NodeId);

impl std::str::FromStr for NodeIdArgument {
    type Err = city_gateway::reading::InvalidNodeId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        NodeId::new(text).map(Self)
    }
}
