//! The wanted paths as a tree of names.

/// Identifies one distinct path, and the span of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) struct SlotId(pub(super) u16);

impl SlotId {
    /// Index of the path among the distinct ones.
    pub(in crate::decode) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The wanted paths. A path may be the beginning of another.
#[derive(Debug, Default)]
pub(in crate::decode) struct Wanted {
    nodes: Vec<Node>,
    /// Number of names in all nodes.
    names: usize,
    /// The distinct paths, as segments.
    paths: Vec<Vec<Vec<u8>>>,
}

/// An object with wanted members.
#[derive(Debug, Default)]
struct Node {
    /// Sorted by the length of the name.
    names: Vec<Name>,
    /// `names[first[n]..first[n + 1]]` have the length n; the last group has all longer names too.
    first: Vec<u16>,
}

/// The name of a wanted member.
#[derive(Debug)]
pub(super) struct Name {
    text: Vec<u8>,
    pub(super) id: NameId,
    pub(super) member: Member,
}

/// Identifies a name in its node: unique in the whole tree, less than [`Wanted::names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameId(pub(super) u16);

/// The wanted part of a member's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// The slot for its span, if it is wanted itself.
    pub(super) slot: Option<SlotId>,
    /// The node of its own members, if some of them are wanted.
    pub(super) node: Option<NodeId>,
}

impl Member {
    /// A record as a whole.
    pub(super) const RECORD: Member = Member {
        slot: None,
        node: Some(Wanted::ROOT),
    };

    pub(super) const UNWANTED: Member = Member {
        slot: None,
        node: None,
    };
}

/// Index of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(u16);

/// Names of this length and more share a group.
const LONG: usize = 64;

impl Wanted {
    /// The node of a record's own members.
    pub(super) const ROOT: NodeId = NodeId(0);

    /// Adds a path. Equal paths have the same slot.
    ///
    /// # Errors
    /// The reason if the path is not valid.
    pub(in crate::decode) fn add(&mut self, path: &str) -> Result<SlotId, &'static str> {
        let segments = segments(path)?;
        if segments.len() > super::MAX_DEPTH {
            return Err("the path is deeper than a record may be");
        }
        if let Some(slot) = self.paths.iter().position(|known| *known == segments) {
            return Ok(SlotId(slot as u16));
        }
        // Every name takes at most one node, and ids are 16 bits wide.
        if self.names + segments.len() > usize::from(u16::MAX) {
            return Err("there are too many paths");
        }
        let slot = SlotId(self.paths.len() as u16);
        self.insert(&segments, slot);
        self.paths.push(segments);
        Ok(slot)
    }

    fn insert(&mut self, segments: &[Vec<u8>], slot: SlotId) {
        if self.nodes.is_empty() {
            self.nodes.push(Node::new());
        }
        let mut at = Self::ROOT;
        for (depth, segment) in segments.iter().enumerate() {
            let known = self.nodes[usize::from(at.0)]
                .names
                .iter()
                .position(|name| name.text == *segment);
            let index = known.unwrap_or_else(|| {
                let id = NameId(self.names as u16);
                self.names += 1;
                self.nodes[usize::from(at.0)].insert(Name {
                    text: segment.clone(),
                    id,
                    member: Member::UNWANTED,
                })
            });
            let next = NodeId(self.nodes.len() as u16);
            let member = &mut self.nodes[usize::from(at.0)].names[index].member;
            if depth + 1 == segments.len() {
                member.slot = Some(slot);
            } else if let Some(node) = member.node {
                at = node;
            } else {
                member.node = Some(next);
                self.nodes.push(Node::new());
                at = next;
            }
        }
    }

    /// The distinct paths as names, by slot.
    pub(in crate::decode) fn paths(&self) -> impl Iterator<Item = Vec<String>> {
        let name = |name: &Vec<u8>| String::from_utf8_lossy(name).into_owned();
        self.paths
            .iter()
            .map(move |path| path.iter().map(name).collect())
    }

    /// Number of distinct paths.
    pub(super) fn slots(&self) -> usize {
        self.paths.len()
    }

    /// Number of IDs of names.
    pub(super) fn names(&self) -> usize {
        self.names
    }

    /// The member called `text` of `node`, if it is wanted.
    #[inline(always)]
    pub(super) fn find(&self, node: NodeId, text: &[u8]) -> Option<&Name> {
        let node = self.nodes.get(usize::from(node.0))?;
        let group = text.len().min(LONG);
        let (from, to) = (node.first[group], node.first[group + 1]);
        node.names[usize::from(from)..usize::from(to)]
            .iter()
            .find(|name| equal(&name.text, text))
    }

    /// As [`find`](Wanted::find), for a name with escapes. No wanted name has half a surrogate pair.
    #[cold]
    pub(super) fn find_escaped(&self, node: NodeId, inside: &[u8]) -> Option<&Name> {
        let mut text = Vec::with_capacity(inside.len());
        if super::unescape_into(inside, &mut text) {
            self.find(node, &text)
        } else {
            None
        }
    }
}

/// Whether two names are equal. Most are short, and a call of `memcmp` would cost more than the comparison.
#[inline(always)]
fn equal(a: &[u8], b: &[u8]) -> bool {
    let word = |text: &[u8], at: usize| {
        text.get(at..)
            .and_then(|rest| rest.first_chunk::<8>().copied())
    };
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        0..8 => a.iter().zip(b).all(|(a, b)| a == b),
        // Two words cover it; they overlap if it has less than 16 bytes.
        length @ 8..=16 => word(a, 0) == word(b, 0) && word(a, length - 8) == word(b, length - 8),
        _ => a == b,
    }
}

impl Node {
    fn new() -> Self {
        Node {
            names: Vec::new(),
            first: vec![0; LONG + 2],
        }
    }

    /// Inserts a name, and returns its index.
    fn insert(&mut self, name: Name) -> usize {
        let group = name.text.len().min(LONG);
        let at = usize::from(self.first[group + 1]);
        self.names.insert(at, name);
        for first in &mut self.first[group + 1..] {
            *first += 1;
        }
        at
    }
}

/// The name of a path of one name.
pub(in crate::decode) fn only_name(path: &str) -> Option<String> {
    let [name] = <[Vec<u8>; 1]>::try_from(segments(path).ok()?).ok()?;
    String::from_utf8(name).ok()
}

/// Cuts a path at its dots; `\.` is a dot and `\\` a backslash within a name.
///
/// # Errors
/// The reason if the path is not valid.
pub(in crate::decode) fn segments(path: &str) -> Result<Vec<Vec<u8>>, &'static str> {
    let mut segments = vec![Vec::new()];
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'.' => segments.push(Vec::new()),
            b'\\' => match bytes.next() {
                Some(escaped @ (b'.' | b'\\')) => {
                    segments.last_mut().expect("never empty").push(escaped)
                }
                _ => return Err("in a path, a backslash stands before a dot or a backslash"),
            },
            byte => segments.last_mut().expect("never empty").push(byte),
        }
    }
    if segments.len() > 1 && segments.iter().any(Vec::is_empty) {
        return Err("a name in the path is empty");
    }
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_paths_share_a_slot_and_a_prefix_has_its_own() {
        let mut wanted = Wanted::default();
        let geo = wanted.add("geo").unwrap();
        let country = wanted.add("geo.country").unwrap();
        assert_eq!(wanted.add("geo").unwrap(), geo);
        assert_ne!(geo, country);
        let name = wanted.find(Wanted::ROOT, b"geo").unwrap();
        assert_eq!(name.member.slot, Some(geo));
        assert_eq!(
            wanted
                .find(name.member.node.unwrap(), b"country")
                .unwrap()
                .member
                .slot,
            Some(country)
        );
        assert!(wanted.find(Wanted::ROOT, b"country").is_none());
    }

    #[test]
    fn a_path_is_no_deeper_than_a_record() {
        let mut wanted = Wanted::default();
        assert!(wanted.add(&["a"; 128].join(".")).is_ok());
        assert!(wanted.add(&["a"; 129].join(".")).is_err());
    }

    #[test]
    fn dots_and_backslashes_are_escaped() {
        assert_eq!(
            segments(r"a\.b.c\\d").unwrap(),
            [b"a.b".to_vec(), br"c\d".to_vec()]
        );
        assert!(segments(r"a\b").is_err());
        assert!(segments("a..b").is_err());
        assert_eq!(
            segments("").unwrap(),
            [b"".to_vec()],
            "JSON allows an empty name"
        );
    }

    #[test]
    fn hundreds_of_names_of_all_lengths_are_found() {
        let mut wanted = Wanted::default();
        let paths: Vec<String> = (0..600)
            .map(|n| format!("{}{n}", "x".repeat(n % 97)))
            .collect();
        let slots: Vec<_> = paths.iter().map(|path| wanted.add(path).unwrap()).collect();
        for (path, slot) in paths.iter().zip(slots) {
            assert_eq!(
                wanted
                    .find(Wanted::ROOT, path.as_bytes())
                    .unwrap()
                    .member
                    .slot,
                Some(slot)
            );
        }
    }
}
