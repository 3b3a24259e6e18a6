//! Whether there is room for more servers: free addresses in subnets, and vCPUs under the account's quota.

use std::fmt;

use super::Zone;

/// What is to be known before servers are launched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomQuestion {
    /// Where they go.
    pub subnets: SubnetChoice,
    /// Their type, as far as it is known.
    pub instance_type: Option<String>,
}

/// What servers of a type run, as EC2 names it: `arm64` where Graviton's letter follows the generation (`t4g`, `m7gd`), else
/// `x86_64`; none of what is not written as a type.
#[must_use]
pub fn architecture(instance_type: &str) -> Option<&'static str> {
    let (family, size) = instance_type.split_once('.')?;
    let generation = family.find(|c: char| c.is_ascii_digit())?;
    let options = family[generation..].trim_start_matches(|c: char| c.is_ascii_digit());
    if size.is_empty() || generation == 0 {
        return None;
    }
    // The first Graviton types came before there was a letter for them.
    Some(if family == "a1" || options.contains('g') { "arm64" } else { "x86_64" })
}

/// Where servers are launched into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubnetChoice {
    /// These subnets.
    Named(Vec<String>),
    /// The default subnet of each of these zones, which EC2 takes where only zones are given.
    DefaultOf(Vec<Zone>),
}

/// A subnet, as far as room in it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetRoom {
    /// Its id.
    pub id: String,
    /// Its zone.
    pub zone: Zone,
    /// Its VPC.
    pub vpc: Option<String>,
    /// Addresses that nobody has yet; those that AWS keeps for itself are not among them.
    pub free: u32,
}

/// The vCPUs that an account may run of a class of types, on demand, in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VcpuRoom {
    /// The class.
    pub class: VcpuClass,
    /// The quota.
    pub limit: u32,
    /// What runs, whoever launched it.
    pub used: u32,
    /// What one more server takes.
    pub each: u32,
}

/// What was found of the room there is. What could not be read says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The subnets there are of those that were asked for.
    pub subnets: Result<Vec<SubnetRoom>, String>,
    /// The vCPUs of the type's class.
    pub vcpus: Result<VcpuRoom, String>,
}

/// Types of instances that share a quota of vCPUs for what runs on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VcpuClass {
    /// A, C, D, H, I, M, R, T and Z.
    Standard,
    /// Deep learning.
    Dl,
    /// FPGAs.
    F,
    /// Graphics and video.
    GAndVt,
    /// High memory, `u-…`.
    HighMemory,
    /// High performance computing.
    Hpc,
    /// Inference.
    Inf,
    /// GPUs.
    P,
    /// Training.
    Trn,
    /// Memory, in the large.
    X,
}

impl VcpuClass {
    /// The class of a type; none of one whose quota is not counted in vCPUs, or not known here.
    #[must_use]
    pub fn of(instance_type: &str) -> Option<Self> {
        let letters: String =
            instance_type.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
        Some(match letters.as_str() {
            "dl" => Self::Dl,
            "f" => Self::F,
            "g" | "gr" | "vt" => Self::GAndVt,
            "u" => Self::HighMemory,
            "hpc" => Self::Hpc,
            "inf" => Self::Inf,
            "p" => Self::P,
            "trn" => Self::Trn,
            "x" => Self::X,
            "a" | "c" | "d" | "h" | "i" | "im" | "is" | "m" | "r" | "t" | "z" => Self::Standard,
            _ => return None,
        })
    }

    /// The quota's code in Service Quotas.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Standard => "L-1216C47A",
            Self::Dl => "L-6E869C2A",
            Self::F => "L-74FC7D96",
            Self::GAndVt => "L-DB2E81BA",
            Self::HighMemory => "L-43DA4232",
            Self::Hpc => "L-F7808C92",
            Self::Inf => "L-1945791B",
            Self::P => "L-417A185B",
            Self::Trn => "L-2C3B7624",
            Self::X => "L-7295265B",
        }
    }
}

impl fmt::Display for VcpuClass {
    /// As the quota's name has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Standard => "Standard (A, C, D, H, I, M, R, T, Z)",
            Self::Dl => "DL",
            Self::F => "F",
            Self::GAndVt => "G and VT",
            Self::HighMemory => "High Memory",
            Self::Hpc => "HPC",
            Self::Inf => "Inf",
            Self::P => "P",
            Self::Trn => "Trn",
            Self::X => "X",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_says_what_it_runs() {
        let of = |kind| architecture(kind).unwrap_or("?");
        assert_eq!(
            ["t4g.small", "m7gd.large", "c6gn.xlarge", "im4gn.large", "a1.large"].map(of),
            ["arm64"; 5]
        );
        assert_eq!(
            ["t3.small", "m5ad.large", "g4dn.xlarge", "g5.xlarge", "c7i.metal-24xl"].map(of),
            ["x86_64"; 5]
        );
        assert_eq!(["t3", "large", "", ".x"].map(of), ["?"; 4]);
    }

    #[test]
    fn a_type_is_counted_with_those_of_its_family() {
        for standard in ["t3.medium", "c6i.large", "m7g.xlarge", "im4gn.large", "is4gen.medium", "z1d.large"]
        {
            assert_eq!(VcpuClass::of(standard), Some(VcpuClass::Standard), "{standard}");
        }
        let others = [
            ("g4dn.xlarge", VcpuClass::GAndVt),
            ("vt1.3xlarge", VcpuClass::GAndVt),
            ("p4d.24xlarge", VcpuClass::P),
            ("x2iedn.xlarge", VcpuClass::X),
            ("inf2.xlarge", VcpuClass::Inf),
            ("u-6tb1.metal", VcpuClass::HighMemory),
            ("u7i-12tb.224xlarge", VcpuClass::HighMemory),
        ];
        for (kind, class) in others {
            assert_eq!(VcpuClass::of(kind), Some(class), "{kind}");
        }
    }

    #[test]
    fn a_type_whose_quota_is_another_one_or_not_known_has_no_class() {
        for unknown in ["", "mac2.metal", "quantum1.large", "4x.large"] {
            assert_eq!(VcpuClass::of(unknown), None, "{unknown}");
        }
    }
}
