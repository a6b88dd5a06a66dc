/**
 * Words of office and private life that no agent is for: a request of which they are the matter is for nobody here, even
 * where it shares a word with software (a table in a restaurant, a key to a room).
 */
import { stem } from "../domain/words.ts";

const TOPICS = [
  "restaurant lunch dinner breakfast canteen catering menu dish recipe cook cooking bake oven cake bread soup salad pasta pizza chicken beef fish vegetarian vegan wine beer coffee tea kitchen fridge dishwasher spoon plate snack fruit vegetable garlic onion sauce flavour taste delicious eat hungry",
  "hotel flight airport airline train taxi bus ticket trip travel visa passport embassy luggage suitcase holiday vacation beach mountain hike rental boarding departure itinerary reimbursement mileage parking garage tram station ferry cruise tourist",
  "office desk chair furniture sofa lamp carpet curtain wall paint window door lift elevator stairs toilet bathroom cleaning cleaner janitor heating radiator plumber electrician landlord lease rent tenant building floor reception receptionist badge printer toner paper stapler whiteboard plant flowers vase keyring room",
  "birthday party gift present wedding anniversary christmas farewell celebration invitation cake karaoke bbq picnic summer drinks band music concert guitar piano song lyrics choir dance theatre movie film cinema novel poem poetry rhyme author chapter painting museum",
  "salary payroll bonus raise contract notice resignation hiring interview candidate applicant recruiter recruit onboarding vacancy maternity paternity leave sick illness overtime pension retirement appraisal promotion complaint harassment union hr coworker colleague boss manager",
  "doctor dentist hospital clinic nurse medicine pill dose dosage tablet symptom pain headache fever allergy rash flu vaccine pregnancy diet calories weight sleep insomnia therapy therapist knee tooth blood pressure diabetes injury physiotherapist glasses",
  "football soccer tennis basketball golf marathon gym yoga training coach league match goal championship olympic swimming bike bicycle helmet skiing climbing chess puzzle lottery bet horse",
  "car tyre tire brake oil mechanic garage engine exhaust clutch battery fuel petrol diesel driver licence truck van insurance accident scratch bumper windshield",
  "dog cat puppy vet pet bird garden lawn hedge tree seed soil compost balcony weather rain snow umbrella sunscreen",
  "tax taxes accountant bookkeeping vat invoice receipt loan mortgage bank savings share stock dividend inheritance will notary lawyer attorney lawsuit court custody divorce police fine speeding patent trademark nda clause negotiation tender supplier procurement purchase warehouse forklift pallet shipping customs freight",
  "school homework teacher pupil exam essay history geography physics chemistry biology mathematics algebra geometry equation integral theorem fraction university lecture thesis latin french spanish italian german translate translation letter speech toast condolence slogan campaign brochure billboard flyer logo newspaper journalist",
  "child children baby kindergarten daycare daughter son mother father grandmother husband wife girlfriend boyfriend friend neighbour family dating horoscope dream mood lonely advice shirt dress shoes suit tie haircut perfume jewellery laundry washing ironing",
];

const OUTSIDE: ReadonlySet<string> = new Set(TOPICS.join(" ").split(" ").map(stem));

export const isOutside = (stemmed: string): boolean => OUTSIDE.has(stemmed);
