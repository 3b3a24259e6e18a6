//! What DNS says of the site's domains and of its load balancers.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::doctor::{Lookup, Named};
use crate::fleet::text::one_line;
use crate::fleet::{EnvironmentPlace, Snapshot};

/// A resolver that has said nothing by then will not.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most names of an environment that are looked up.
const MOST: usize = 50;

/// Looks all of them up, side by side. Wildcards are no names.
pub(super) async fn look_up(snapshot: &Snapshot, place: &EnvironmentPlace) -> Vec<Lookup> {
    let of_balancers =
        place.load_balancers.iter().filter_map(|name| snapshot.load_balancer(name)?.dns_name.clone());
    let plain = place.domains.iter().filter(|domain| !domain.starts_with('.') && !domain.contains('*'));
    let names: BTreeSet<String> = plain.cloned().chain(of_balancers).take(MOST).collect();
    join_all(names.into_iter().map(one)).await
}

pub(super) async fn one(name: String) -> Lookup {
    let asked = async {
        let found = lookup_host((name.as_str(), 443_u16)).await?;
        Ok::<BTreeSet<String>, io::Error>(found.map(|address| address.ip().to_string()).collect())
    };
    let answer = timeout(PATIENCE, asked).await;
    let leads_to = match answer {
        Err(_) => Named::Unknown(format!("no answer within {} s", PATIENCE.as_secs())),
        Ok(Err(error)) => refused(&error),
        Ok(Ok(found)) => Named::Addresses(found.into_iter().collect()),
    };
    Lookup { name, leads_to }
}

/// The resolver's errors have no kinds: only its words tell that there is no such name from that it cannot tell.
fn refused(error: &io::Error) -> Named {
    let words = error.to_string();
    let no_name = ["not known", "No address associated", "does not exist", "NXDOMAIN"];
    if no_name.iter().any(|word| words.contains(word)) {
        return Named::Nothing;
    }
    Named::Unknown(one_line(&words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_does_not_exist_is_told_from_a_resolver_that_cannot_tell() {
        let of = |words: &str| refused(&io::Error::other(words.to_owned()));
        let lookup = "failed to lookup address information: ";
        assert_eq!(of(&format!("{lookup}Name or service not known")), Named::Nothing);
        assert_eq!(of(&format!("{lookup}No address associated with hostname")), Named::Nothing);
        let cannot = format!("{lookup}Temporary failure in name resolution");
        assert_eq!(of(&cannot), Named::Unknown(cannot.clone()));
    }
}
