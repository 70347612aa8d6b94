//! Where and how a connection ends.

/// The most bytes of a pattern.
pub(super) const PATTERN: usize = 256;

/// The way of bytes through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// What becomes of a connection, on both of its sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is closed: each side reads the end of the stream, or gets an error if it was sending.
    Cut,
    /// It is reset: each side gets an error, and what was sent and not yet read is lost.
    Reset,
    /// It stays open, and nothing passes any more until it is cut or reset.
    Stall,
}

/// Where a connection ends, once. What passes before that passes whole.
#[derive(Clone, Debug)]
pub struct Fault {
    place: Place,
    pub(super) ending: Ending,
    awaited: Option<Vec<u8>>,
    pub(super) refuses: bool,
}

#[derive(Clone, Debug)]
enum Place {
    /// So many bytes are still to pass, over all connections.
    Behind(Direction, u64),
    Before(Vec<u8>),
    AnswerTo(Vec<u8>),
    /// The next byte that the server sends on this connection.
    Answer(u64),
}

impl Fault {
    /// When `bytes` more have passed in a direction, over all connections: the one that the last of them passed on.
    pub fn behind(direction: Direction, bytes: u64, ending: Ending) -> Self {
        Fault::new(Place::Behind(direction, bytes), ending)
    }

    /// When a client sends `pattern`, of 1 to 256 bytes, which the server never gets whole.
    pub fn before(pattern: impl AsRef<[u8]>, ending: Ending) -> Self {
        Fault::new(Place::Before(pattern.as_ref().to_vec()), ending)
    }

    /// When the server begins to answer after a client sent `pattern`: the server has done what it was asked, and the
    /// client gets no byte of the answer.
    pub fn answer_to(pattern: impl AsRef<[u8]>, ending: Ending) -> Self {
        Fault::new(Place::AnswerTo(pattern.as_ref().to_vec()), ending)
    }

    fn new(place: Place, ending: Ending) -> Self {
        Fault {
            place,
            ending,
            awaited: None,
            refuses: false,
        }
    }

    /// The same, which waits until a client has sent `pattern`, in what is read after that.
    #[must_use]
    pub fn once_sent(mut self, pattern: impl AsRef<[u8]>) -> Self {
        self.awaited = Some(pattern.as_ref().to_vec());
        self
    }

    /// The same for all connections at once, after which new ones are refused until
    /// [`Proxy::refuse`](super::Proxy::refuse) says otherwise.
    #[must_use]
    pub fn and_refuse(mut self) -> Self {
        self.refuses = true;
        self
    }

    pub(super) fn patterns(&self) -> impl Iterator<Item = &Vec<u8>> {
        let of_place = match &self.place {
            Place::Before(pattern) | Place::AnswerTo(pattern) => Some(pattern),
            Place::Behind(..) | Place::Answer(_) => None,
        };
        of_place.into_iter().chain(&self.awaited)
    }

    /// How many bytes of `new`, behind `tail`, still pass if the fault happens in them.
    pub(super) fn meets(
        &mut self,
        id: u64,
        way: Direction,
        tail: &[u8],
        new: &[u8],
    ) -> Option<usize> {
        let find = |pattern: &[u8]| {
            // It ends in `new`, and may begin before.
            let before = &tail[tail.len().saturating_sub(pattern.len() - 1)..];
            let text = [before, new].concat();
            let at = text
                .windows(pattern.len())
                .position(|part| part == pattern)?;
            Some(at.saturating_sub(before.len()))
        };
        if let Some(pattern) = &self.awaited {
            if way == Direction::ToServer && find(pattern).is_some() {
                self.awaited = None;
            }
            return None;
        }
        match &mut self.place {
            Place::Behind(direction, left) if *direction == way => {
                let passing = (new.len() as u64).min(*left);
                *left -= passing;
                (*left == 0).then_some(passing as usize)
            }
            Place::Before(pattern) if way == Direction::ToServer => find(pattern),
            Place::AnswerTo(pattern) if way == Direction::ToServer => {
                if find(pattern).is_some() {
                    self.place = Place::Answer(id);
                }
                None
            }
            Place::Answer(of) if way == Direction::ToClient && *of == id => Some(0),
            _ => None,
        }
    }
}
