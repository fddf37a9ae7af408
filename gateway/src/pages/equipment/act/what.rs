//! What may be done about a piece of equipment, by its name in an address, and what somebody must be allowed for it.

use super::super::super::text::Lang;
use crate::people::Permission;

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages::equipment) enum What {
    Found,
    Lockout,
    Bar,
    Release,
    Restrict,
    Unrestrict,
    Reclassify,
    Close,
    Agree,
    Disagree,
    Work,
    Done,
    Cancel,
    Certify,
    Stage,
    End,
    Withdraw,
    Call,
    Maintained,
    File,
    Accident,
    Takeover,
    Dismantle,
}

impl What {
    const ALL: [(What, &'static str); 23] = [
        (What::Found, "found"),
        (What::Lockout, "lockout"),
        (What::Bar, "bar"),
        (What::Release, "release"),
        (What::Restrict, "restrict"),
        (What::Unrestrict, "unrestrict"),
        (What::Reclassify, "reclassify"),
        (What::Close, "close"),
        (What::Agree, "agree"),
        (What::Disagree, "disagree"),
        (What::Work, "work"),
        (What::Done, "done"),
        (What::Cancel, "cancel"),
        (What::Certify, "certify"),
        (What::Stage, "stage"),
        (What::End, "end"),
        (What::Withdraw, "withdraw"),
        (What::Call, "call"),
        (What::Maintained, "maintained"),
        (What::File, "file"),
        (What::Accident, "accident"),
        (What::Takeover, "takeover"),
        (What::Dismantle, "dismantle"),
    ];

    /// The action of that name in an address.
    pub(in crate::pages::equipment) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(what, _)| *what)
    }

    pub(in crate::pages::equipment) fn code(self) -> &'static str {
        Self::ALL.iter().find(|(what, _)| *what == self).map_or("", |(_, name)| name)
    }

    /// What somebody must be allowed for it; the step itself is asked again ([`needs`]).
    pub(in crate::pages::equipment) const fn needs(self) -> Permission {
        match self {
            What::Found | What::Lockout | What::Bar | What::Done | What::Maintained | What::File | What::Accident => {
                Permission::Repair
            }
            What::Release
            | What::Restrict
            | What::Unrestrict
            | What::Reclassify
            | What::Close
            | What::Agree
            | What::Disagree => Permission::Inspect,
            _ => Permission::Assets,
        }
    }

    pub(in crate::pages::equipment) const fn name(self, t: Lang) -> &'static str {
        match self {
            What::Found => t.do_found(),
            What::Lockout => t.do_lockout(),
            What::Bar => t.do_bar(),
            What::Release => t.do_release(),
            What::Restrict => t.do_restrict(),
            What::Unrestrict => t.do_unrestrict(),
            What::Reclassify => t.do_reclassify(),
            What::Close => t.do_close(),
            What::Agree => t.do_agree(),
            What::Disagree => t.do_disagree(),
            What::Work => t.do_work(),
            What::Done => t.do_done(),
            What::Cancel => t.do_cancel(),
            What::Certify => t.do_certify(),
            What::Stage => t.do_stage(),
            What::End => t.do_end(),
            What::Withdraw => t.do_withdraw(),
            What::Call => t.do_call(),
            What::Maintained => t.do_maintained(),
            What::File => t.do_file(),
            What::Accident => t.do_accident(),
            What::Takeover => t.do_takeover(),
            What::Dismantle => t.do_dismantle(),
        }
    }

    pub(super) const fn says(self, t: Lang) -> &'static str {
        match self {
            What::Found => t.do_found_says(),
            What::Lockout => t.do_lockout_says(),
            What::Bar => t.do_bar_says(),
            What::Release => t.do_release_says(),
            What::Restrict => t.do_restrict_says(),
            What::Close => t.do_close_says(),
            What::Done => t.do_done_says(),
            What::Withdraw => t.do_withdraw_says(),
            What::Maintained => t.do_maintained_says(),
            What::File => t.do_file_says(),
            What::Accident => t.do_accident_says(),
            What::Takeover => t.do_takeover_says(),
            What::Dismantle => t.do_dismantle_says(),
            _ => "",
        }
    }
}
