//! What a style is for, and what it is called in theme files.

use crate::fleet::Severity;

/// What a style is for. In theme files a scope is written with dots; a missing one falls back to its parent:
/// `severity.down` to `severity` to `text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Ordinary text, and the background of everything.
    Text,
    /// Less important text, units, old and pending servers.
    TextDim,
    /// Text that stands out.
    TextStrong,
    /// Column headings and titles.
    Title,
    /// The header line.
    Header,
    /// The header and accent in production.
    HeaderProduction,
    /// The footer line.
    Footer,
    /// A key in the footer and in help.
    Key,
    /// A page's name on the environment screen.
    Tab,
    /// The name of the page that is open.
    TabActive,
    /// The selected row.
    Selection,
    /// The part of a text that matches a filter.
    Match,
    /// A badge: production.
    BadgeProduction,
    /// A badge: sandbox.
    BadgeSandbox,
    /// A badge: read-only.
    BadgeReadOnly,
    /// A badge: another address than AWS's own.
    BadgeEndpoint,
    /// A severity.
    Severity(Severity),
    /// An age: fresh.
    AgeFresh,
    /// An age: no longer fresh.
    AgeOld,
    /// An age: stale.
    AgeStale,
    /// A chart's line.
    Chart,
    /// A chart's axis and labels.
    ChartAxis,
    /// An overlay's background and text.
    Overlay,
    /// An overlay's frame.
    OverlayFrame,
    /// Text being typed.
    Input,
    /// The line under the header that tells of problems.
    Banner,
    /// A passing message.
    Toast,
    /// A passing message about a failure.
    ToastError,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 33] = [
        Self::Text,
        Self::TextDim,
        Self::TextStrong,
        Self::Title,
        Self::Header,
        Self::HeaderProduction,
        Self::Footer,
        Self::Key,
        Self::Tab,
        Self::TabActive,
        Self::Selection,
        Self::Match,
        Self::BadgeProduction,
        Self::BadgeSandbox,
        Self::BadgeReadOnly,
        Self::BadgeEndpoint,
        Self::Severity(Severity::Idle),
        Self::Severity(Severity::Ok),
        Self::Severity(Severity::Changing),
        Self::Severity(Severity::Unknown),
        Self::Severity(Severity::Warn),
        Self::Severity(Severity::Down),
        Self::AgeFresh,
        Self::AgeOld,
        Self::AgeStale,
        Self::Chart,
        Self::ChartAxis,
        Self::Overlay,
        Self::OverlayFrame,
        Self::Input,
        Self::Banner,
        Self::Toast,
        Self::ToastError,
    ];

    /// Names that only stand for their children.
    pub(super) const PARENTS: [&'static str; 3] = ["badge", "severity", "age"];

    /// Its name in theme files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::TextDim => "text.dim",
            Self::TextStrong => "text.strong",
            Self::Title => "title",
            Self::Header => "header",
            Self::HeaderProduction => "header.production",
            Self::Footer => "footer",
            Self::Key => "key",
            Self::Tab => "tab",
            Self::TabActive => "tab.active",
            Self::Selection => "selection",
            Self::Match => "match",
            Self::BadgeProduction => "badge.production",
            Self::BadgeSandbox => "badge.sandbox",
            Self::BadgeReadOnly => "badge.read-only",
            Self::BadgeEndpoint => "badge.endpoint",
            Self::Severity(Severity::Idle) => "severity.idle",
            Self::Severity(Severity::Ok) => "severity.ok",
            Self::Severity(Severity::Changing) => "severity.changing",
            Self::Severity(Severity::Unknown) => "severity.unknown",
            Self::Severity(Severity::Warn) => "severity.warn",
            Self::Severity(Severity::Down) => "severity.down",
            Self::AgeFresh => "age.fresh",
            Self::AgeOld => "age.old",
            Self::AgeStale => "age.stale",
            Self::Chart => "chart",
            Self::ChartAxis => "chart.axis",
            Self::Overlay => "overlay",
            Self::OverlayFrame => "overlay.frame",
            Self::Input => "input",
            Self::Banner => "banner",
            Self::Toast => "toast",
            Self::ToastError => "toast.error",
        }
    }

    /// Whether a theme may give this name a style.
    pub(super) fn is_name(name: &str) -> bool {
        Self::PARENTS.contains(&name) || Self::ALL.iter().any(|s| s.name() == name)
    }

    /// Every name a theme may give a style.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().map(|s| s.name()).chain(Self::PARENTS)
    }
}
