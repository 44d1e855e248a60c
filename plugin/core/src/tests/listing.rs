//! A page of old mail comes in bites, the next fetched while one is stored; a pause in any of them loses nothing and repeats nothing.

use rstest::rstest;

use super::world::{World, letter};
use crate::store::rows;

const LETTERS: usize = 450;

/// The page's bites are 20, 200, 200 and 30 letters.
#[rstest]
#[case::in_the_first(7)]
#[case::in_one_fetched_ahead(20 + 150)]
#[case::between_two(20 + 200)]
#[case::in_the_last(LETTERS - 1)]
#[tokio::test]
async fn what_came_before_a_pause_is_kept(#[case] gives: usize) {
    let world = World::new(false).await;
    world.provider(|state| {
        state.page = 500;
        state.gives = Some(gives);
        for number in 0..LETTERS {
            state.deliver(letter(number as u64, &format!("t{number}")));
        }
    });
    while world.turn().await {}
    let stored = world.all::<rows::Light>().await.len();
    assert_eq!(stored, gives, "all that was given, and a wait for the rest");
    world.provider(|state| state.gives = None);
    world.settle().await;
    world.check_same().await;
    assert_eq!(
        world.provider(|state| state.given),
        LETTERS,
        "none was fetched twice"
    );
}
