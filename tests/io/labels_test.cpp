#include "io/support.hpp"

#include <filesystem>
#include <limits>

namespace culogme::io_test {
namespace {

using Names = std::vector<std::string>;

LabelOptions with_task(Task task) {
  LabelOptions options;
  options.task = task;
  return options;
}

void expect_ids_modulo_four(const Labels& labels) {
  EXPECT_EQ(labels.task, Task::classification);
  ASSERT_EQ(labels.rows, data_rows);
  ASSERT_EQ(labels.ids.size(), static_cast<std::size_t>(data_rows));
  for (std::size_t row = 0; row < labels.ids.size(); ++row)
    ASSERT_EQ(labels.ids[row], static_cast<int>(row % 4)) << row;
}

TEST(Labels, ReadsIntegersFromEveryKindOfFile) {
  for (const char* name : {"labels.npy", "labels_column.npy", "stored.npz:labels", "all.safetensors:labels"}) {
    SCOPED_TRACE(name);
    const Labels labels = read_labels(data(name));
    expect_ids_modulo_four(labels);
    EXPECT_EQ(labels.target_names, (Names{"0", "1", "2", "3"}));
    EXPECT_EQ(labels.skipped_ids, 0);
    EXPECT_TRUE(labels.notes.empty());
  }
}

TEST(Labels, ReadsTextsInEitherByteOrder) {
  for (const char* name : {"labels_text.npy", "labels_text_big.npy"}) {
    const Labels labels = read_labels(data(name));
    EXPECT_EQ(labels.target_names, (Names{"ash", "b\xC3\xA4rlapp", "oak tree", "\xF0\x9F\x8C\xB2"}))
        << "sorted by bytes";
    EXPECT_EQ(labels.ids[2], 3);
    EXPECT_EQ(labels.ids[3], 2);
  }
  EXPECT_EQ(read_labels(data("labels_bytes.npy")).target_names, (Names{"ash", "birch", "fir", "oak"}));
}

TEST(Labels, ReadsBool) {
  const Labels labels = read_labels(data("labels_bool.npy"));
  EXPECT_EQ(labels.target_names, (Names{"0", "1"}));
  EXPECT_EQ(labels.ids[1], 1);
  EXPECT_EQ(labels.ids[2], 0);
}

TEST(Labels, TellsFloatsApartByTheirValues) {
  const Labels real = read_labels(data("labels_floats.npy"));
  EXPECT_EQ(real.task, Task::regression);
  EXPECT_EQ(real.responses.at(5), 1.25);
  EXPECT_EQ(real.target_names, (Names{"0"}));
  const std::string whole = data("labels_whole_floats.npy");
  expect_names(message_of<InvalidArgument>([&] { read_labels(whole); }), {"labels_whole_floats.npy", "--task"});
  expect_ids_modulo_four(read_labels(whole, with_task(Task::classification)));
  EXPECT_EQ(read_labels(whole, with_task(Task::regression)).responses.at(6), 2.0);
  const std::string message =
      message_of<NumericalError>([&] { read_labels(data("labels_floats.npy"), with_task(Task::classification)); });
  expect_names(message, {"labels_floats.npy", "0.25", "row 0", "whole number"});
}

TEST(Labels, RefusesIdsThatAreNoIdsAndSaysWhatIs) {
  const TemporaryFolder folder;
  const std::string large = folder.write("large.txt", "12345678901234567890123\n1\n");
  expect_names(message_of<NumericalError>([&] { read_labels(large, with_task(Task::classification)); }),
               {"large.txt", "1.2345678901234568e+22", "row 0", "0 to 2^64 - 1"});
  expect_names(message_of<InvalidArgument>([&] { read_classes("1e3"); }), {"1e3", "digits"});
}

TEST(Labels, ReadsSeveralColumnsOnlyWhenToldWhatTheyAre) {
  const std::string one_hot = data("one_hot.npy");
  expect_names(message_of<InvalidArgument>([&] { read_labels(one_hot); }), {"one_hot.npy", "(37, 4)", "--task"});
  expect_names(message_of<InvalidArgument>([&] { read_labels(one_hot, with_task(Task::classification)); }),
               {"one_hot.npy", "(37, 4)", "--task multilabel", "argmax"});
  const Labels labels = read_labels(one_hot, with_task(Task::multilabel));
  EXPECT_EQ(labels.targets(), 4);
  for (std::size_t i = 0; i < labels.responses.size(); ++i) {
    ASSERT_EQ(labels.responses[i], i % 4 == i / 4 % 4 ? 1.0 : 0.0) << i;
  }
  const Labels responses = read_labels(data("responses_fortran.npy"), with_task(Task::regression));
  for (std::int64_t row = 0; row < data_rows; ++row) {
    for (std::int64_t col = 0; col < 3; ++col) {
      ASSERT_EQ(responses.responses.at(static_cast<std::size_t>(row * 3 + col)), expected(row, col));
    }
  }
  expect_names(
      message_of<NumericalError>([&] { read_labels(data("responses_fortran.npy"), with_task(Task::multilabel)); }),
      {"responses_fortran.npy", "-11", "row 0, column 0", "0 or 1"});
}

TEST(Labels, CountsIdsWithoutRows) {
  const TemporaryFolder folder;
  const Labels gaps = read_labels(folder.write("gaps.txt", "0\n2\n5\n2\n"));
  EXPECT_EQ(gaps.target_names, (Names{"0", "2", "5"}));
  EXPECT_EQ(gaps.ids, (std::vector<std::int32_t>{0, 1, 2, 1}));
  EXPECT_EQ(gaps.skipped_ids, 3);
  EXPECT_EQ(gaps.notes, (Names{"classes 1, 3-4 have no rows and are skipped"}));
  EXPECT_EQ(read_labels(folder.write("one.txt", "1\n2\n")).notes, (Names{"class 0 has no rows and is skipped"}));
  std::string sparse;
  for (int i = 0; i < 1000; ++i) sparse += std::to_string(3 * i) + "\n";
  const Labels many = read_labels(folder.write("many.txt", sparse));
  EXPECT_EQ(many.skipped_ids, 1998);
  EXPECT_LT(many.notes.at(0).size(), 200U);
  expect_names(many.notes.at(0), {"1-2, 4-5", "1978 more"});
}

TEST(Labels, KeepsIdsOf64Bits) {
  const Labels huge = read_labels(data("labels_huge.npy"));
  EXPECT_EQ(huge.target_names, (Names{"0", "5", "18446744073709551615"}));
  EXPECT_EQ(huge.skipped_ids, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(huge.ids, (std::vector<std::int32_t>{0, 2, 1, 1}));
}

TEST(Labels, RefusesNegativeIdsAndLeavesIgnoredRowsOut) {
  const std::string path = data("labels_ignored.npy");
  expect_names(message_of<NumericalError>([&] { read_labels(path); }),
               {"labels_ignored.npy", "-100", "row 1", "--ignore-label -100"});
  LabelOptions options;
  options.ignore_label = {"-100"};
  const Labels labels = read_labels(path, options);
  EXPECT_EQ(labels.ids, (std::vector<std::int32_t>{0, -1, 1, -1, 2}));
  EXPECT_EQ(labels.ignored, 2);
  EXPECT_EQ(labels.rows, 5);
  EXPECT_EQ(labels.target_names, (Names{"0", "1", "2"}));
  options.ignore_label = {"-100", "0"};
  EXPECT_EQ(read_labels(path, options).ids, (std::vector<std::int32_t>{-1, -1, 0, -1, 1}));
  const TemporaryFolder folder;
  options.ignore_label = {"void"};
  EXPECT_EQ(read_labels(folder.write("t.txt", "cat\nvoid\nbird\n"), options).ids,
            (std::vector<std::int32_t>{1, -1, 0}));
  options.ignore_label = {"nan"};
  options.task = Task::classification;
  EXPECT_EQ(read_labels(folder.write("f.txt", "1.0\nnan\n2.0\n"), options).ids, (std::vector<std::int32_t>{0, -1, 1}));
  options.ignore_label = {"1", "2"};
  const std::string all = folder.write("all.txt", "1\n2\n1\n");
  expect_names(message_of<NumericalError>([&] { read_labels(all, options); }), {"all.txt", "all 3 rows"});
  options.task = Task::regression;
  expect_names(message_of<InvalidArgument>([&] { read_labels(path, options); }), {"--ignore-label", "regression"});
}

TEST(Labels, FixesTheSetOfClasses) {
  const TemporaryFolder folder;
  LabelOptions options;
  options.classes = read_classes("3");
  const Labels labels = read_labels(folder.write("l.txt", "0\n2\n"), options);
  EXPECT_EQ(labels.target_names, (Names{"0", "1", "2"}));
  EXPECT_EQ(labels.ids, (std::vector<std::int32_t>{0, 2}));
  EXPECT_EQ(labels.skipped_ids, 0);
  const std::string beyond = folder.write("beyond.txt", "0\n3\n");
  expect_names(message_of<NumericalError>([&] { read_labels(beyond, options); }),
               {"beyond.txt", "3 at row 1", "3 classes", "(0..2)"});
  options.classes = read_classes(folder.write("classes.txt", "\xEF\xBB\xBFoak\r\nash\r\n\r\n"));
  EXPECT_EQ(options.classes, (Names{"oak", "ash"}));
  EXPECT_EQ(read_labels(folder.write("n.txt", "ash\noak\n"), options).ids, (std::vector<std::int32_t>{1, 0}));
  EXPECT_EQ(read_labels(folder.write("i.txt", "1\n0\n"), options).ids, (std::vector<std::int32_t>{1, 0})) << "by place";
  const std::string fir = folder.write("fir.txt", "ash\nfir\n");
  expect_names(message_of<NumericalError>([&] { read_labels(fir, options); }),
               {"fir.txt", "'fir' at row 1", "oak, ash"});
  options.classes = {"07", "8"};
  EXPECT_EQ(read_labels(folder.write("seven.txt", "8\n7\n"), options).ids, (std::vector<std::int32_t>{1, 0}))
      << "by value";
  options.classes = {"a", "a"};
  expect_names(message_of<InvalidArgument>([&] { read_labels(fir, options); }), {"'a'", "twice"});
  expect_names(message_of<InvalidArgument>([] { read_classes("0"); }), {"0"});
  expect_names(message_of<InvalidArgument>([] { read_classes("-2"); }), {"-2"});
  expect_names(message_of<FileError>([&] { read_classes(folder.path("gone.txt")); }), {"gone.txt"});
}

TEST(Labels, FindsNumbersThatAreNotFinite) {
  const TemporaryFolder folder;
  const std::string nan = folder.write("nan.txt", "1.5\nnan\n");
  for (const Task task : {Task::regression, Task::classification, Task::multilabel}) {
    const std::string second = task == Task::classification ? folder.write("c.txt", "1.0\nnan\n") : nan;
    expect_names(message_of<NumericalError>([&] { read_labels(second, with_task(task)); }), {"NaN at row 1"});
  }
  expect_names(message_of<NumericalError>([&] { read_labels(nan); }), {"nan.txt", "NaN at row 1"});
  const std::string infinite = folder.write("inf.txt", "1.5\n2\n-inf\n");
  expect_names(message_of<NumericalError>([&] { read_labels(infinite); }), {"inf.txt", "-inf at row 2"});
}

TEST(Labels, ReadsTextFilesAndCsvColumns) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_labels(folder.write("crlf.txt",
                                     "\xEF\xBB\xBF"
                                     "10\r\n9\r\n10"))
                .target_names,
            (Names{"9", "10"}));
  EXPECT_EQ(read_labels(folder.write("mixed.txt", "10\n9\nx\n"), with_task(Task::classification)).target_names,
            (Names{"10", "9", "x"}));
  EXPECT_EQ(read_labels(folder.write("spaces.txt", " a \nb c\na\n")).target_names, (Names{"a", "b c"}));
  const std::string csv =
      folder.write("l.csv", "id,\"the class\",size\r\n1,\"a, b\",0.5\r\n2,\"say \"\"c\"\"\",2.5\r\n");
  EXPECT_EQ(read_labels(csv + ":the class").target_names, (Names{"a, b", "say \"c\""}));
  const Labels size = read_labels(csv + ":size");
  EXPECT_EQ(size.task, Task::regression);
  EXPECT_EQ(size.responses, (std::vector<double>{0.5, 2.5}));
  EXPECT_EQ(size.target_names, (Names{"size"}));
  expect_names(message_of<InvalidArgument>([&] { read_labels(csv); }), {"l.csv", "column", "the class"});
  EXPECT_EQ(read_labels(folder.write("one.csv", "label\nb\na\n")).target_names, (Names{"a", "b"})) << "only one column";
  const std::string index = folder.write("index.csv", ",0\n0,3\n");
  expect_names(message_of<InvalidArgument>([&] { read_labels(index); }), {"index.csv:0", "(it holds: , 0)"});
  for (const char* text : {"id;label\n0;1\n1;2\n", "id\tlabel\n0\t1\n"})
    expect_names(message_of<FileError>([&] { read_labels(folder.write("other.csv", text)); }),
                 {"other.csv", "no comma", "separated by commas"});
  culogme::LabelOptions three;
  three.rows = 3;
  three.rows_of = "x.npy";
  const std::string bare = folder.write("bare.csv", "3\n4\n4\n");
  expect_names(message_of<InvalidArgument>([&] { read_labels(bare, three); }),
               {"x.npy has 3 rows", "2 labels", "below its first line, the header"});
  three.rows = 2;
  EXPECT_EQ(read_labels(bare, three).rows, 2) << "a column may be called 3";
  expect_names(message_of<FileError>([&] { read_labels(csv + ":klass"); }), {"'klass'", "id, the class, size"});
  const std::string twice = folder.write("twice.csv", "lab, lab,x\n1,2,3\n");
  expect_names(message_of<FileError>([&] { read_labels(twice + ":lab"); }), {"twice.csv", "'lab' twice"});
}

TEST(Labels, ATextAmongNumbersIsASlipUnlessClassesAreChosen) {
  const TemporaryFolder folder;
  const std::string reals = folder.write("r.txt", "0.5\n1.5\nNA\n2.5\n");
  expect_names(message_of<InvalidArgument>([&] { read_labels(reals); }),
               {"r.txt", "'NA' at row 2 is no number", "--task classification"});
  for (const Task task : {Task::regression, Task::multilabel})
    expect_names(message_of<InvalidArgument>([&] { read_labels(reals, with_task(task)); }),
                 {"r.txt", "'NA' at row 2 is no number", "needs numbers"});
  EXPECT_EQ(read_labels(reals, with_task(Task::classification)).targets(), 4);
  LabelOptions options;
  options.ignore_label = {"NA"};
  expect_names(message_of<InvalidArgument>([&] { read_labels(reals, options); }), {"'NA' at row 2"});
  EXPECT_EQ(read_labels(folder.write("ids.txt", "1\n2\nNA\n"), options).ids, (std::vector<std::int32_t>{0, 1, -1}));
  options.ignore_label.clear();
  options.classes = {"1", "NA"};
  EXPECT_EQ(read_labels(folder.write("stated.txt", "NA\n1\n"), options).ids, (std::vector<std::int32_t>{1, 0}));
  EXPECT_EQ(read_labels(folder.write("bread.txt", "nan\npita\n")).targets(), 2) << "a name, no number";
}

TEST(Labels, OtherRowsThanTheFeaturesHaveAreNotRead) {
  const TemporaryFolder folder;
  LabelOptions options;
  options.rows = 60;
  options.rows_of = "x.npy";
  const auto refused = [&](const std::string& path) {
    return message_of<InvalidArgument>([&] { read_labels(path, options); });
  };
  const auto grown = [&](const std::string& name, const std::string& dictionary, std::uintmax_t bytes) {
    const std::string start = npy_bytes(dictionary), path = folder.write(name, start);
    std::filesystem::resize_file(path, start.size() + bytes);  // a hole: nothing is written
    return path;
  };
  const std::string huge =
      grown("huge.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (20000000000,), }", 160000000000);
  expect_names(refused(huge), {"x.npy has 60 rows", "huge.npy 20000000000 labels", "last incomplete batch"});
  const std::string wide =
      grown("wide.npy", "{'descr': '|i1', 'fortran_order': False, 'shape': (60, 20000000000), }", 1200000000000);
  expect_names(refused(wide), {"wide.npy", "(60, 20000000000)", "--task"});
  options.task = Task::regression;
  expect_names(message_of<OutOfMemory>([&] { read_labels(wide, options); }), {"wide.npy", "(60, 20000000000)"});
  options.task.reset();
  std::string lines;
  for (int i = 0; i < 70; ++i) lines += "1\n";
  expect_names(refused(folder.write("l.txt", lines)), {"x.npy has 60 rows", "l.txt 70 labels"});
  expect_names(refused(folder.write("l.csv", "a\n" + lines) + ":a"), {"x.npy has 60 rows", "70 labels"});
  expect_names(refused(folder.write("short.txt", "1\n2\n")), {"x.npy has 60 rows", "short.txt 2 labels"});
}

TEST(Labels, IgnoredLabelsAreNotMissingAndUnusedOnesAreSaid) {
  const TemporaryFolder folder;
  LabelOptions options;
  options.ignore_label = {"1"};
  for (const char* text : {"0\n1\n2\n", "0.0\n1.0\n2.0\n"}) {
    options.task = Task::classification;
    EXPECT_EQ(read_labels(folder.write("l.txt", text), options).notes, Names());
  }
  options.ignore_label = {"1", "255", "nan"};
  EXPECT_EQ(read_labels(folder.write("l.txt", "0\n1\n3\n"), options).notes,
            (Names{"no row has the label 255 that is to be ignored", "no row has the label nan that is to be ignored",
                   "class 2 has no rows and is skipped"}));
  options.ignore_label = {"void"};
  EXPECT_EQ(read_labels(folder.write("t.txt", "a\nb\n"), options).notes,
            (Names{"no row has the label void that is to be ignored"}));
}

TEST(Labels, RefusesTextFilesWithHoles) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& bytes) {
    const std::string path = folder.write("bad.txt", bytes);
    return message_of<Error>([&] { read_labels(path); });
  };
  expect_names(refused("a\n\nb\n"), {"bad.txt", "line 2", "empty"});
  expect_names(refused("0 1\n1 0\n"), {"bad.txt", "several numbers", "'0 1'"});
  expect_names(refused("\n\n"), {"bad.txt", "no rows"});
  expect_names(refused(""), {"bad.txt", "empty"});
  expect_names(refused("a\n\xFF\xFE\n"), {"bad.txt", "line 2", "UTF-8"});
  const std::string csv = folder.write("bad.csv", "a,b\n1,2\n3\n");
  expect_names(message_of<FileError>([&] { read_labels(csv + ":b"); }), {"bad.csv", "line 3", "1 cells", "2"});
  const std::string open = folder.write("open.csv", "a,b\n1,\"2\n");
  expect_names(message_of<FileError>([&] { read_labels(open + ":b"); }), {"open.csv", "line 2", "never closed"});
  const std::string hole = folder.write("hole.csv", "a,b\n1,\n");
  expect_names(message_of<FileError>([&] { read_labels(hole + ":b"); }), {"hole.csv", "line 2", "'b'"});
}

TEST(Labels, RefusesTypesAndShapesThatAreNone) {
  expect_names(message_of<FileError>([] { read_labels(data("object.npy")); }), {"object.npy", "|O"});
  expect_names(message_of<FileError>([] { read_labels(data("complex.npy")); }), {"complex.npy", "<c8"});
  expect_names(message_of<FileError>([] { read_labels(data("raw.npy")); }), {"raw.npy", "|V3"});
  expect_names(message_of<InvalidArgument>([] { read_labels(data("three_dimensions.npy")); }), {"(3, 4, 2)"});
  expect_names(message_of<InvalidArgument>([] { read_labels(data("scalar.npy")); }), {"scalar.npy", "()"});
  expect_names(message_of<InvalidArgument>([] { read_labels(data("no_rows.npy")); }), {"no rows"});
  expect_names(message_of<InvalidArgument>([] { read_labels(data("text_matrix.npy")); }), {"(2, 2)", "text"});
  expect_names(message_of<InvalidArgument>([] { read_labels(data("labels_text.npy"), with_task(Task::regression)); }),
               {"labels_text.npy", "text", "regression"});
}

}  // namespace
}  // namespace culogme::io_test
