//! Which cloud is looked at.

/// Where the cloud port leads: for the header, and for links to the AWS console.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// The region asked.
    pub region: String,
    /// The credentials profile by name, when one is in use.
    pub profile: Option<String>,
    /// Another address than AWS's own, when one was given.
    pub url: Option<String>,
    /// A simulated fleet; shown on every screen.
    pub sandbox: bool,
}
