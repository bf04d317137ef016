use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;

fn id(client: u32, clock: u32) -> CharId {
    CharId {
        client: ClientId(client),
        clock,
    }
}

fn block(client: u32, clock: u32, text: &'static str, origin: Option<CharId>, right: Option<CharId>) -> Block<'static> {
    Block {
        id: id(client, clock),
        len: text.len() as u32,
        origin,
        right,
        text: Some(text),
    }
}

#[test]
fn concurrent_insertions_stand_in_the_order_of_their_clients_whoever_comes_first() {
    let base = block(9, 0, "ab", None, None);
    let rivals = [3, 1, 2].map(|client| block(client, 0, "xy", Some(id(9, 0)), Some(id(9, 1))));
    let mut orders = Vec::new();
    for turn in 0..3 {
        let mut order = Order::default();
        order.integrate(&[base]).expect("the base");
        for at in 0..3 {
            order.integrate(&[rivals[(at + turn) % 3]]).expect("a rival");
        }
        orders.push(
            order
                .characters()
                .iter()
                .map(|id| (id.client.0, id.clock))
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(
        orders[0],
        [(9, 0), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1), (9, 1)]
    );
    assert!(orders.iter().all(|order| *order == orders[0]));
}

#[test]
fn typing_on_makes_a_run_longer() {
    let mut order = Order::default();
    for clock in 0..100 {
        let origin = (clock > 0).then(|| id(1, clock - 1));
        order.integrate(&[block(1, clock, "a", origin, None)]).expect("a key");
    }
    assert_eq!(order.runs.len(), 1);
}

#[test]
fn crossed_origins_are_refused() {
    let mut order = Order::default();
    order.integrate(&[block(1, 0, "abcdef", None, None)]).expect("the base");
    let mut between = |client, left, right| order.integrate(&[block(client, 0, "x", Some(left), Some(right))]);
    assert_eq!(between(2, id(1, 4), id(1, 2)), Err(Crossed));
    assert_eq!(between(2, id(1, 2), id(1, 2)), Err(Crossed));
    assert_eq!(between(2, id(1, 2), id(1, 3)), Ok(()));
    assert_eq!(between(3, id(2, 0), id(1, 1)), Err(Crossed));
}

#[test]
fn origins_with_something_between_that_their_author_knew_are_refused() {
    let mut order = Order::default();
    order.integrate(&[block(1, 0, "abcdef", None, None)]).expect("the base");
    let skips = block(2, 0, "x", Some(id(1, 2)), Some(id(1, 4)));
    assert_eq!(
        order.integrate(&[skips]),
        Err(Crossed),
        "who knows the fifth character knows the fourth"
    );
    order
        .integrate(&[block(2, 0, "x", Some(id(1, 2)), Some(id(1, 3)))])
        .expect("neighbours");
    let own = block(2, 1, "y", Some(id(1, 2)), Some(id(1, 3)));
    assert_eq!(
        order.integrate(&[own]),
        Err(Crossed),
        "everybody knows what they wrote themselves"
    );
    let rival = block(3, 0, "z", Some(id(1, 2)), Some(id(1, 3)));
    assert_eq!(order.integrate(&[rival]), Ok(()), "another may not have seen it");
    let chain = block(4, 0, "w", None, Some(id(2, 0)));
    assert_eq!(
        order.integrate(&[chain]),
        Err(Crossed),
        "a character's own origin is left of it"
    );
}

#[test]
fn a_refused_update_leaves_the_order_as_it_was() {
    let mut random = SmallRng::seed_from_u64(5);
    let (mut order, mut clocks) = (Order::default(), [0_u32; 4]);
    let (mut accepted, mut refused) = (0, 0);
    for turn in 0..8_000 {
        if turn % 20 == 0 {
            (order, clocks) = (Order::default(), [0; 4]);
        }
        let before = format!("{:?}{:?}", order.runs, order.sorted_clients());
        let mut next = clocks;
        let blocks: Vec<Block<'static>> = (0..random.random_range(1..5))
            .map(|_| {
                let mut somewhere = || {
                    let client = random.random_range(0..4_usize);
                    (next[client] > 0).then(|| id(client as u32, random.random_range(0..next[client])))
                };
                let (origin, right) = (somewhere(), somewhere());
                let client = random.random_range(0..4_usize);
                let text = ["a", "bc", "def"][random.random_range(0..3)];
                next[client] += text.len() as u32;
                block(client as u32, next[client] - text.len() as u32, text, origin, right)
            })
            .collect();
        if order.integrate(&blocks).is_ok() {
            clocks = next;
            accepted += 1;
        } else {
            assert_eq!(format!("{:?}{:?}", order.runs, order.sorted_clients()), before);
            refused += 1;
        }
    }
    assert!(
        accepted > 1_000 && refused > 1_000,
        "{accepted} accepted, {refused} refused"
    );
}
