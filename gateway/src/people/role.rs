//! Roles, and what each may do. What is not said here is not allowed.

/// What a person is to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Puts up nodes and keeps them running.
    Technician,
    /// Watches the city and mends what came in wrong.
    Operator,
    /// Inspects equipment.
    Inspector,
    /// Looks at what others did, and changes nothing.
    Auditor,
    /// Decides who may do what.
    Administrator,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 5] = [Self::Technician, Self::Operator, Self::Inspector, Self::Auditor, Self::Administrator];

    /// Its name in files and on the command line.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Technician => "technician",
            Self::Operator => "operator",
            Self::Inspector => "inspector",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    /// The role of that name.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    /// Whether the role may do it.
    pub const fn may(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Technician => {
                matches!(permission, P::Account | P::Read | P::Nodes | P::Equipment | P::Repair | P::Alerts)
            }
            Self::Operator => {
                matches!(
                    permission,
                    P::Account | P::Read | P::Operate | P::Equipment | P::Repair | P::Assets | P::Alerts | P::Roster
                )
            }
            Self::Inspector => {
                matches!(permission, P::Account | P::Read | P::Equipment | P::Repair | P::Inspect | P::Alerts)
            }
            Self::Auditor => matches!(permission, P::Account | P::Read | P::Audit | P::Equipment),
            Self::Administrator => true,
        }
    }

    /// Whether a password alone is not enough.
    pub const fn needs_code(self) -> bool {
        matches!(self, Self::Administrator)
    }
}

/// What may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Seeing and keeping one's own account.
    Account,
    /// Reading what the city measures.
    Read,
    /// Mending what came in wrong.
    Operate,
    /// Adding, changing and revoking nodes.
    Nodes,
    /// Reading the records of equipment.
    Equipment,
    /// In the street: finding defects, ordering and making a lock-out, ending work.
    Repair,
    /// Inspecting, closing defects, releasing.
    Inspect,
    /// Equipment itself, its certificates and work orders.
    Assets,
    /// Answering alerts, and the log of shifts.
    Alerts,
    /// Rules of alerts and the roster.
    Roster,
    /// Reading the audit log, the register of personal data and the review of rights.
    Audit,
    /// Accounts, tokens, retention, erasure.
    People,
}

impl Permission {
    /// All of them.
    pub const ALL: [Permission; 12] = [
        Self::Account,
        Self::Read,
        Self::Operate,
        Self::Nodes,
        Self::Equipment,
        Self::Repair,
        Self::Inspect,
        Self::Assets,
        Self::Alerts,
        Self::Roster,
        Self::Audit,
        Self::People,
    ];

    /// Whether who is held to sites has it for those.
    pub const fn is_of_sites(self) -> bool {
        matches!(self, Self::Account | Self::Equipment | Self::Repair | Self::Inspect)
    }

    /// Its name in the table of routes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Nodes => "nodes",
            Self::Equipment => "equipment",
            Self::Repair => "repair",
            Self::Inspect => "inspect",
            Self::Assets => "assets",
            Self::Alerts => "alerts",
            Self::Roster => "roster",
            Self::Audit => "audit",
            Self::People => "people",
        }
    }
}
