//! What the list shows and how it follows the cursor.

use super::*;

fn event(record: u64, secs: i64) -> Event {
    let id = EventRef { record, ..EventRef::default() };
    Event { id, time: Some(Timestamp::from_secs(secs)), message: format!("m{record}"), ..Event::default() }
}

fn list(n: u64) -> EventList {
    let mut list = EventList::new();
    list.take_before(EventPage::default());
    list.take_after(EventPage { events: (0..n).map(|i| event(i, i as i64)).collect(), has_more: false });
    list.assemble(Timestamp(0));
    list
}

#[test]
fn the_list_selects_the_first_event_at_or_after_the_cursor() {
    let mut list = list(5);
    list.follow(Timestamp(2_500_000_000));
    assert_eq!(list.selected, Some(3));
    list.follow(Timestamp::from_secs(99));
    assert_eq!(list.selected, Some(4));
}

#[test]
fn an_event_that_was_found_is_selected_before_its_neighbours_come() {
    let mut list = list(5);
    list.choose(EventRow::new(&event(70, 70)));
    list.follow(Timestamp::from_secs(70));
    assert_eq!(list.selected().map(|row| row.id.record), Some(70), "a pin or the next find must not take an old row");
    list.follow(Timestamp::from_secs(2));
    assert_eq!(list.selected().map(|row| row.id.record), Some(2));
}

#[test]
fn of_events_at_one_moment_the_chosen_one_stays_selected() {
    let mut list = EventList::new();
    list.take_before(EventPage::default());
    list.take_after(EventPage { events: (0..5).map(|i| event(i, 7)).collect(), has_more: false });
    list.assemble(Timestamp::from_secs(7));
    assert_eq!(list.step(3), Some(Timestamp::from_secs(7)));
    list.follow(Timestamp::from_secs(7));
    assert_eq!(list.selected, Some(3));
}

#[test]
fn near_an_end_with_more_beyond_new_pages_are_wanted() {
    let mut list = EventList::new();
    list.take_before(EventPage::default());
    list.take_after(EventPage { events: (0..200).map(|i| event(i, i as i64)).collect(), has_more: true });
    list.assemble(Timestamp(0));
    let before = list.questions();
    list.follow(Timestamp::from_secs(100));
    assert_eq!(list.questions(), before);
    list.follow(Timestamp::from_secs(150));
    assert_ne!(list.questions(), before);
}

#[test]
fn a_half_that_comes_anew_is_shown_although_the_other_came_before() {
    let page = |n: u64| EventPage { events: (0..n).map(|i| event(i, i as i64)).collect(), has_more: false };
    let mut list = EventList::new();
    list.take_before(EventPage::default());
    list.take_after(page(2));
    list.assemble(Timestamp(0));
    assert_eq!(list.rows.len(), 2);
    list.take_after(page(3));
    list.assemble(Timestamp(0));
    assert_eq!(list.rows.len(), 3);
}
