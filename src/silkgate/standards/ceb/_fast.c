/* Recognises messages in plain form and packs the wanted values, in one pass over the received bytes.

   It knows no element: every literal, type and bound comes in tables that fast.py makes from the catalogue. What does
   not match the tables to the last byte is answered with None, and the regular expressions decide. Time is linear in
   the size of the message: nothing is looked at twice but the first bytes of optional parts. No recursion; what is
   allocated is one buffer for the packed values, at most about as long as the message.

   The tables are tuples of tuples and bytes, which cannot change; the plan holds them, and its literals point into
   them. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#include "_fast_match.h"
#include "_fast_pack.h"

/* Raised whenever the tables or the answer change their form; fast.py uses no library of another revision. */
#define REVISION 2

#define MAX_SLOTS 128
#define MAX_MESSAGE_BYTES INT32_MAX

typedef struct {
    Span code, opening, closing; /* of a document; `closing` only where it has lines */
    Part head, line, trailer, signature, end;
    Py_ssize_t documents_max, lines_min, lines_max;
    int lines_kept;
} Kind;

typedef struct {
    PyObject *tables;
    Span *prologs;
    Py_ssize_t prologs_count;
    Span root; /* the root's start tag up to the code */
    Part header;
    Kind *kinds;
    Py_ssize_t kinds_count;
} Plan;

/* --- Messages ------------------------------------------------------------------------------------------------------ */

/* The lines of a document and its end tag; their array is packed where the kind keeps them. */
static enum Outcome pack_lines(const char **cursor, const char *end, const Kind *kind, Output *output)
{
    Span slots[MAX_SLOTS];
    const char *at = *cursor, *closed = NULL;
    size_t start = output->size;
    Py_ssize_t lines = 0;
    if (kind->lines_kept) {
        if (make_room(output, ARRAY_BYTES_MAX) < 0) {
            return FAILED;
        }
        output->size++; /* enough for most arrays */
    }
    if (kind->lines_min == 0) {
        closed = literal(at, end, kind->closing);
    }
    while (closed == NULL) {
        if (lines == kind->lines_max || (at = part(at, end, &kind->line, slots)) == NULL) {
            return NOT_PLAIN;
        }
        if (kind->lines_kept) {
            enum Outcome outcome = pack_part(output, &kind->line, slots, 0);
            if (outcome != PACKED) {
                return outcome;
            }
        }
        lines++;
        closed = literal(at, end, kind->closing);
    }
    if (kind->lines_kept) {
        unsigned char array[ARRAY_BYTES_MAX];
        size_t size = (size_t)(put_array(array, lines) - array), values = output->size - start - 1;
        if (make_room(output, ARRAY_BYTES_MAX) < 0) {
            return FAILED;
        }
        memmove(output->bytes + start + size, output->bytes + start + 1, values);
        memcpy(output->bytes + start, array, size);
        output->size = start + size + values;
    }
    *cursor = white_space(closed, end);
    return PACKED;
}

static enum Outcome pack_documents(const char **cursor, const char *end, const Kind *kind, Output *output,
                                   Py_ssize_t *count)
{
    Span slots[MAX_SLOTS];
    const char *at = *cursor;
    int has_lines = kind->closing.size > 0;
    for (*count = 0; literal(at, end, kind->opening) != NULL; ++*count) {
        if (*count == kind->documents_max || (at = part(at, end, &kind->head, slots)) == NULL) {
            return NOT_PLAIN;
        }
        enum Outcome outcome = pack_part(output, &kind->head, slots, kind->lines_kept);
        if (outcome == PACKED && has_lines) {
            outcome = pack_lines(&at, end, kind, output);
        }
        if (outcome != PACKED) {
            return outcome;
        }
    }
    *cursor = at;
    return *count > 0 ? PACKED : NOT_PLAIN;
}

static const Kind *kind_of(const char *at, const char *end, const Plan *plan)
{
    for (Py_ssize_t i = 0; i < plan->kinds_count; i++) {
        if (literal(at, end, plan->kinds[i].code) != NULL) {
            return &plan->kinds[i];
        }
    }
    return NULL;
}

/* Everything after the documents, to the last byte. The signature may be missing. */
static int ends_well(const char *at, const char *end, const Kind *kind, Span *transfer, int *is_signed)
{
    Span none[MAX_SLOTS];
    at = part(at, end, &kind->trailer, transfer);
    *is_signed =
        at != NULL && kind->signature.steps_count > 0 && either(at, end, kind->signature.steps[0].before) != NULL;
    if (*is_signed) {
        at = part(at, end, &kind->signature, none);
    }
    if (at != NULL) {
        at = part(at, end, &kind->end, none);
    }
    return at == end;
}

static PyObject *texts(const Span *slots, Py_ssize_t count)
{
    PyObject *found = PyTuple_New(count);
    for (Py_ssize_t i = 0; found != NULL && i < count; i++) {
        PyObject *text = PyUnicode_DecodeUTF8(slots[i].bytes == NULL ? "" : slots[i].bytes, slots[i].size, "strict");
        if (text == NULL) {
            Py_CLEAR(found);
            break;
        }
        PyTuple_SET_ITEM(found, i, text);
    }
    return found;
}

/* (code, (guid, version), transfer, number of documents, records, whether it is unsigned) */
static PyObject *answer(const Plan *plan, const Kind *kind, const Span *header, const Span *transfer, Py_ssize_t count,
                        const Output *output, int is_signed)
{
    unsigned char array[ARRAY_BYTES_MAX];
    size_t size = (size_t)(put_array(array, count) - array);
    PyObject *records = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(size + output->size));
    if (records == NULL) {
        return NULL;
    }
    memcpy(PyBytes_AS_STRING(records), array, size);
    memcpy(PyBytes_AS_STRING(records) + size, output->bytes, output->size);
    return Py_BuildValue("(s#NNnNO)", kind->code.bytes, kind->code.size, texts(header, plan->header.slots_count),
                         texts(transfer, kind->trailer.slots_count), count, records, is_signed ? Py_False : Py_True);
}

static PyObject *recognised(const Plan *plan, const char *at, const char *end)
{
    Span header[MAX_SLOTS], transfer[MAX_SLOTS];
    for (Py_ssize_t i = 0; i < plan->prologs_count; i++) {
        const char *after = literal(at, end, plan->prologs[i]);
        if (after != NULL) {
            at = after;
            break;
        }
    }
    at = literal(white_space(at, end), end, plan->root);
    const Kind *kind = at == NULL ? NULL : kind_of(at, end, plan);
    if (kind == NULL || (at = part(at + kind->code.size, end, &plan->header, header)) == NULL) {
        Py_RETURN_NONE;
    }
    Output output = {NULL, 0, (size_t)(end - at) / 4 + 256};
    output.bytes = PyMem_Malloc(output.room);
    if (output.bytes == NULL) {
        return PyErr_NoMemory();
    }
    Py_ssize_t count = 0;
    int is_signed = 0;
    PyObject *found = NULL;
    enum Outcome outcome = pack_documents(&at, end, kind, &output, &count);
    if (outcome == PACKED && ends_well(at, end, kind, transfer, &is_signed)) {
        found = answer(plan, kind, header, transfer, count, &output, is_signed);
    } else if (outcome != FAILED) {
        found = Py_NewRef(Py_None);
    }
    PyMem_Free(output.bytes);
    return found;
}

/* --- Tables -------------------------------------------------------------------------------------------------------- */

static Span span_of(PyObject *bytes)
{
    return (Span){PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes)};
}

static int wrong(const char *what)
{
    PyErr_Format(PyExc_ValueError, "the tables of the recogniser are wrong: %s", what);
    return -1;
}

static int read_step(PyObject *row, Step *step, Py_ssize_t slots_count)
{
    PyObject *before, *other_before, *after, *other_after, *fixed;
    int value;
    if (!PyArg_ParseTuple(row, "SSSSSinniipi", &before, &other_before, &after, &other_after, &fixed, &value, &step->low,
                          &step->high, &step->least, &step->most, &step->space, &step->slot)) {
        return -1;
    }
    if (value < 0 || value >= VALUES || step->slot < -1 || step->slot >= slots_count) {
        return wrong("a step");
    }
    step->value = (enum Value)value;
    step->before[0] = span_of(before);
    step->before[1] = span_of(other_before);
    step->after[0] = span_of(after);
    step->after[1] = span_of(other_after);
    step->fixed = span_of(fixed);
    return 0;
}

static int read_part(PyObject *table, Part *part)
{
    PyObject *rows, *kept;
    if (!PyArg_ParseTuple(table, "O!S", &PyTuple_Type, &rows, &kept)) {
        return -1;
    }
    part->slots_count = PyBytes_GET_SIZE(kept);
    part->kept = (const unsigned char *)PyBytes_AS_STRING(kept);
    if (part->slots_count > MAX_SLOTS) {
        return wrong("too many values");
    }
    for (Py_ssize_t i = 0; i < part->slots_count; i++) {
        if (part->kept[i] >= KEPTS) {
            return wrong("how a value is kept");
        }
    }
    part->steps_count = PyTuple_GET_SIZE(rows);
    part->steps = PyMem_Calloc((size_t)part->steps_count + 1, sizeof *part->steps);
    if (part->steps == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < part->steps_count; i++) {
        if (read_step(PyTuple_GET_ITEM(rows, i), &part->steps[i], part->slots_count) < 0) {
            return -1;
        }
    }
    return 0;
}

static int read_kind(PyObject *table, Kind *kind)
{
    PyObject *code, *opening, *closing, *head, *line, *trailer, *signature, *end;
    if (!PyArg_ParseTuple(table, "SSSOOOOOnnnp", &code, &opening, &closing, &head, &line, &trailer, &signature, &end,
                          &kind->documents_max, &kind->lines_min, &kind->lines_max, &kind->lines_kept)) {
        return -1;
    }
    kind->code = span_of(code);
    kind->opening = span_of(opening);
    kind->closing = span_of(closing);
    if (kind->opening.size == 0 || kind->documents_max > UINT16_MAX || kind->lines_max > UINT16_MAX ||
        (kind->lines_kept && kind->closing.size == 0)) {
        return wrong("a message kind");
    }
    return read_part(head, &kind->head) < 0 || read_part(line, &kind->line) < 0 ||
                   read_part(trailer, &kind->trailer) < 0 || read_part(signature, &kind->signature) < 0 ||
                   read_part(end, &kind->end) < 0
               ? -1
               : 0;
}

static int read_plan(Plan *plan)
{
    PyObject *prologs, *root, *header, *kinds;
    if (!PyArg_ParseTuple(plan->tables, "O!SOO!", &PyTuple_Type, &prologs, &root, &header, &PyTuple_Type, &kinds)) {
        return -1;
    }
    plan->root = span_of(root);
    plan->prologs = PyMem_Calloc((size_t)PyTuple_GET_SIZE(prologs) + 1, sizeof *plan->prologs);
    plan->kinds = PyMem_Calloc((size_t)PyTuple_GET_SIZE(kinds) + 1, sizeof *plan->kinds);
    if (plan->prologs == NULL || plan->kinds == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    plan->prologs_count = PyTuple_GET_SIZE(prologs);
    plan->kinds_count = PyTuple_GET_SIZE(kinds);
    for (Py_ssize_t i = 0; i < plan->prologs_count; i++) {
        PyObject *prolog = PyTuple_GET_ITEM(prologs, i);
        if (!PyBytes_Check(prolog)) {
            return wrong("a prolog");
        }
        plan->prologs[i] = span_of(prolog);
    }
    for (Py_ssize_t i = 0; i < plan->kinds_count; i++) {
        if (read_kind(PyTuple_GET_ITEM(kinds, i), &plan->kinds[i]) < 0) {
            return -1;
        }
    }
    return read_part(header, &plan->header);
}

static void free_plan(Plan *plan)
{
    for (Py_ssize_t i = 0; i < plan->kinds_count; i++) {
        Kind *kind = &plan->kinds[i];
        PyMem_Free(kind->head.steps);
        PyMem_Free(kind->line.steps);
        PyMem_Free(kind->trailer.steps);
        PyMem_Free(kind->signature.steps);
        PyMem_Free(kind->end.steps);
    }
    PyMem_Free(plan->header.steps);
    PyMem_Free(plan->kinds);
    PyMem_Free(plan->prologs);
    Py_XDECREF(plan->tables);
    PyMem_Free(plan);
}

/* --- Module -------------------------------------------------------------------------------------------------------- */

#define PLAN "silkgate.standards.ceb._fast.plan"

static void free_capsule(PyObject *capsule)
{
    free_plan(PyCapsule_GetPointer(capsule, PLAN));
}

static PyObject *plan_function(PyObject *module, PyObject *tables)
{
    if (!PyTuple_Check(tables)) {
        PyErr_SetString(PyExc_TypeError, "the tables of the recogniser are a tuple");
        return NULL;
    }
    Plan *plan = PyMem_Calloc(1, sizeof *plan);
    if (plan == NULL) {
        return PyErr_NoMemory();
    }
    plan->tables = Py_NewRef(tables);
    PyObject *capsule = read_plan(plan) < 0 ? NULL : PyCapsule_New(plan, PLAN, free_capsule);
    if (capsule == NULL) {
        free_plan(plan);
    }
    return capsule;
}

static PyObject *recognise_function(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2 || !PyBytes_Check(arguments[1])) {
        PyErr_SetString(PyExc_TypeError, "recognise takes a plan and bytes");
        return NULL;
    }
    const Plan *plan = PyCapsule_GetPointer(arguments[0], PLAN);
    if (plan == NULL) {
        return NULL;
    }
    Span raw = span_of(arguments[1]);
    if (raw.size > MAX_MESSAGE_BYTES) {
        Py_RETURN_NONE;
    }
    return recognised(plan, raw.bytes, raw.bytes + raw.size);
}

static PyMethodDef functions[] = {
    {"plan", plan_function, METH_O, "The tables of fast.py, read."},
    {"recognise", (PyCFunction)(void (*)(void))recognise_function, METH_FASTCALL,
     "(plan, raw) -> (code, (guid, version), transfer, number of documents, records, unsigned), or None."},
    {NULL, NULL, 0, NULL},
};

static int fill_module(PyObject *module)
{
    make_classes();
    return PyModule_AddIntConstant(module, "REVISION", REVISION);
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, fill_module}, {0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_fast",
    .m_doc = "Recognises messages in plain form; see fast.py.",
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__fast(void)
{
    return PyModuleDef_Init(&definition);
}
