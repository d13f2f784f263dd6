//! Tactics of ATT&CK: what somebody wants to reach with a technique.

use std::fmt;

/// A tactic, in the order of ATT&CK: <https://attack.mitre.org/tactics/enterprise/>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tactic {
    /// Looking at a victim from outside.
    Reconnaissance,
    /// Getting hold of what an attack needs.
    ResourceDevelopment,
    /// Getting in.
    InitialAccess,
    /// Running code.
    Execution,
    /// Staying.
    Persistence,
    /// Getting more rights.
    PrivilegeEscalation,
    /// Staying unseen.
    DefenseEvasion,
    /// Stealing names and passwords.
    CredentialAccess,
    /// Looking around.
    Discovery,
    /// Getting further.
    LateralMovement,
    /// Gathering what is wanted.
    Collection,
    /// Talking to what was taken over.
    CommandAndControl,
    /// Carrying data away.
    Exfiltration,
    /// Destroying, disturbing, using up.
    Impact,
}

use Tactic::{
    Collection, CommandAndControl, CredentialAccess, DefenseEvasion, Discovery, Execution, Exfiltration, Impact,
    InitialAccess, LateralMovement, Persistence, PrivilegeEscalation, Reconnaissance, ResourceDevelopment,
};

/// The tactic that a technique mostly serves in an AWS account, by the number of the technique. Many serve several: with
/// one for each, a deed is one step of an attack and not three.
const OF_TECHNIQUES: &[(Tactic, &[u16])] = &[
    (Reconnaissance, &[1589, 1590, 1591, 1592, 1593, 1594, 1595, 1596]),
    (ResourceDevelopment, &[1583, 1584, 1585, 1586, 1587, 1588, 1608, 1650]),
    (InitialAccess, &[1078, 1133, 1189, 1190, 1195, 1199, 1566]),
    (Execution, &[1047, 1053, 1059, 1072, 1203, 1204, 1569, 1609, 1610, 1648, 1651, 1677]),
    (Persistence, &[1037, 1098, 1136, 1505, 1525, 1543, 1546, 1547, 1554, 1671]),
    (PrivilegeEscalation, &[1068, 1134, 1484, 1548, 1611]),
    (
        DefenseEvasion,
        &[
            1027, 1036, 1070, 1112, 1140, 1202, 1222, 1480, 1535, 1553, 1562, 1564, 1578, 1599, 1600, 1656, 1666, 1684,
            1685, 1686, 1687, 1688, 1689, 1690,
        ],
    ),
    (
        CredentialAccess,
        &[1003, 1040, 1110, 1111, 1187, 1212, 1528, 1539, 1552, 1555, 1556, 1557, 1558, 1606, 1621, 1649],
    ),
    (
        Discovery,
        &[
            1007, 1018, 1033, 1046, 1049, 1057, 1069, 1082, 1083, 1087, 1135, 1201, 1482, 1518, 1526, 1538, 1580, 1613,
            1614, 1615, 1619, 1654,
        ],
    ),
    (LateralMovement, &[1021, 1080, 1210, 1534, 1550, 1563, 1570]),
    (Collection, &[1005, 1039, 1074, 1114, 1119, 1185, 1213, 1530, 1560, 1602]),
    (CommandAndControl, &[1001, 1071, 1090, 1095, 1102, 1105, 1132, 1219, 1568, 1571, 1572, 1573]),
    (Exfiltration, &[1011, 1020, 1029, 1030, 1041, 1048, 1052, 1537, 1567]),
    (Impact, &[1485, 1486, 1489, 1490, 1491, 1495, 1496, 1498, 1499, 1529, 1531, 1561, 1565, 1657, 1667]),
];

impl Tactic {
    /// The tactic of a detector that looks for these techniques: that of the first; nothing where it names none.
    #[must_use]
    pub fn of(techniques: &[&str]) -> Option<Tactic> {
        let number = techniques.first()?.strip_prefix('T')?.get(..4)?.parse().ok()?;
        OF_TECHNIQUES.iter().find(|(_, numbers)| numbers.contains(&number)).map(|(tactic, _)| *tactic)
    }

    /// Its name in prose.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reconnaissance => "reconnaissance",
            ResourceDevelopment => "resource development",
            InitialAccess => "initial access",
            Execution => "execution",
            Persistence => "persistence",
            PrivilegeEscalation => "privilege escalation",
            DefenseEvasion => "defense evasion",
            CredentialAccess => "credential access",
            Discovery => "discovery",
            LateralMovement => "lateral movement",
            Collection => "collection",
            CommandAndControl => "command and control",
            Exfiltration => "exfiltration",
            Impact => "impact",
        }
    }
}

impl fmt::Display for Tactic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::CATALOG;

    #[test]
    fn a_detector_has_the_tactic_of_its_first_technique() {
        assert_eq!(Tactic::of(&["T1562.008", "T1485"]), Some(DefenseEvasion));
        assert_eq!(Tactic::of(&["T1485"]), Some(Impact));
        for unknown in [&[][..], &["T9999"], &["1485"], &["T"], &["Täää"]] {
            assert_eq!(Tactic::of(unknown), None, "{unknown:?}");
        }
    }

    #[test]
    fn no_technique_has_two_tactics_and_none_of_ours_has_none() {
        let mut all: Vec<u16> = OF_TECHNIQUES.iter().flat_map(|(_, numbers)| numbers.iter().copied()).collect();
        all.sort_unstable();
        assert!(all.windows(2).all(|two| two[0] != two[1]), "{all:?}");
        for about in CATALOG.iter().map(|make| make().about()).filter(|about| !about.attack.is_empty()) {
            assert!(Tactic::of(about.attack).is_some(), "{}", about.id);
        }
    }
}
