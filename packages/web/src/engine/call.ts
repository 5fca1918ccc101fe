/** One call: arguments, result, events, questions to the page and their answers. */
export interface Call<Arguments, Result, Event = never, Question = never, Answer = never> {
  readonly args: Arguments;
  readonly result: Result;
  readonly event: Event;
  readonly question: Question;
  readonly answer: Answer;
}
