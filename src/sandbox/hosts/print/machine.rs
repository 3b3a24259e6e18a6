//! Load, memory, swap and clock.

use super::Section;
use crate::sandbox::hosts::server::Host;
use crate::sandbox::hosts::truth;
use crate::sandbox::read::View;
use crate::sandbox::waves::whole;

pub(super) fn print(view: &View<'_>, host: &Host) -> rusqlite::Result<Section> {
    let size = truth::size(host);
    let [one, five, fifteen] = truth::load(view, host)?;
    let available = whole(size.memory * (1.0 - truth::memory_share(view, host)));
    let off = host.trouble("clock-off").map_or(0, |trouble| whole(trouble.amount).cast_signed());
    let ahead = view.dice.between(&format!("clock {}", host.id), 0, -9, 9) + off;
    Ok(Section::of(format!(
        "milliseconds={}\nload={one:.2} {five:.2} {fifteen:.2}\ncores={}\nMemTotal={}\nMemAvailable={available}\n\
         SwapTotal=0\nSwapFree=0\nup={}\nsynchronised=yes\n",
        view.now + ahead,
        size.cores,
        whole(size.memory),
        (view.now - host.booted_at()).max(0) / 1_000,
    )))
}
